"""The report in a real browser, opened as a file: 10,000 objects, filters, pages, a large frame, the keyboard."""

from __future__ import annotations

import time

import numpy as np
import pytest

from pipeline.commands.report import report
from stages.report.files import ReportFiles
from stages.report.page import write_page
from stages.report.payload import detail_json
from stages.report.pictures import jpeg
from stages.report.plots import quality_plot
from stages.report.sections import (
    REASONS,
    Fact,
    FrameEntry,
    Lists,
    ObjectDetail,
    ObjectEntry,
    Page,
    Ring,
    ShownFrame,
    VideoEntry,
)

pytestmark = pytest.mark.browser
N_OBJECTS, SCRIPT = 10_000, "<img src=x onerror='window.hacked=1'>"


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A report of 10,000 objects in 2,500 videos, 5,000 frames to look at, one picture."""
    folder = tmp_path_factory.mktemp("large")
    files, objects = ReportFiles(folder, is_embedded=False), []
    files.add("abc", lambda: jpeg(np.full((60, 80, 3), 90, dtype=np.uint8)))
    rings = (Ring(10, 10, True, "REJECTED", "interior"), Ring(70, 50, False, "unanswered", "elsewhere"))
    for number in range(N_OBJECTS):
        plot = quality_plot(dict.fromkeys(range(40), 0.5 + number % 50 / 100), [5], [0], 40)
        frames = (ShownFrame(5, 0.5, "abc", rings), ShownFrame(9, 0.4, "", ()))
        where = files.add_details(detail_json(ObjectDetail(plot, (("REJECTED", 1), ("unanswered", 1)), frames)))
        title = SCRIPT if number == 0 else f"dog {number}"
        objects.append(ObjectEntry(number // 4, str(number % 4), title, "", "#56b4e9", plot.mean, 40, 2, 1, 1, *where))
    files.close_chunk()
    looks = [
        FrameEntry(
            n, 5, 20 - n / 500, list(REASONS)[n % 6], f"The mask may be wrong here ({n}).", "abc" if not n else "none"
        )
        for n in range(5000)
    ]
    videos = [
        VideoEntry(f"part{n % 5}/clip_{n:05d}" if n else "part0/clip_", "40 frames", 80, 60)
        for n in range(N_OBJECTS // 4)
    ]
    shown = Lists(videos, objects, looks, files.chunks, files.names, "runs/my run", "http://127.0.0.1:8181")
    page = Page("Run large", "by x", "10,000 objects in 2,500 videos.", (Fact("videos", "2,500"),), (), (), ())
    write_page(page, shown, files, folder / "index.html")
    return folder


@pytest.fixture
def page(browser, large):
    """The page, open; what went wrong in it fails the test."""
    opened = browser.new_context(viewport={"width": 1300, "height": 900}).new_page()
    problems = []
    opened.on(
        "console", lambda message: problems.append(message.text) if message.type in ("error", "warning") else None
    )
    opened.on("pageerror", lambda problem: problems.append(str(problem)))
    opened.goto((large / "index.html").as_uri())
    opened.wait_for_selector("#list > .look")
    yield opened
    opened.context.close()
    assert problems == []


def text(page, selector):
    return page.locator(selector).first.inner_text()


def test_ten_thousand_objects_are_there_within_two_seconds(browser, large):
    seconds = []
    while len(seconds) < 3 and min(seconds, default=9) >= 2:  # the machine may be busy with something else
        page = browser.new_context().new_page()
        begin = time.perf_counter()
        page.goto((large / "index.html").as_uri())
        page.wait_for_selector("#list > .look")
        seconds.append(time.perf_counter() - begin)
        assert page.locator("#list > *").count() == 24
        page.context.close()
    print(f"open after {min(seconds):.2f} s")
    assert min(seconds) < 2


def test_names_stay_text_and_the_best_look_opens_large_with_its_points(page):
    assert text(page, "#list .look .title") == SCRIPT
    page.locator("#list .look").first.click()
    page.wait_for_selector("#large .plot")
    assert text(page, "#large-title") == SCRIPT
    assert page.locator("#large-picture .ring").count() == 2
    assert page.locator("#large-picture img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 80
    assert page.locator("#large-words .why").inner_text() == "The mask may be wrong here (0)."
    assert text(page, "#large .command code") == "pointvos studio --run 'runs/my run' --open part0/clip_:5"
    address = page.locator("#large .links a").get_attribute("href")
    assert address == "http://127.0.0.1:8181/#video=part0%2Fclip_&frame=5&object=0"
    assert page.evaluate("window.hacked") is None


def test_lists_are_filtered_sorted_and_turned_page_by_page(page):
    assert text(page, "#found") == "5,000 frames"
    page.select_option("#of-reason", "missing")
    assert text(page, "#found") == "833 frames of 5,000"
    page.fill("#in-video", "PART3")
    assert page.evaluate(
        "view.found.every(look => look.object.video.id.startsWith('part3/') && look.reason === 'missing')"
    )
    page.click("#clear")
    page.locator("[data-kind=objects][role=tab]").click()
    assert text(page, "#found") == "10,000 objects"
    assert page.locator("#list > *").count() == 50
    page.fill("#of-object", "dog 9999")
    assert text(page, "#list .title") == "dog 9999"
    page.click("#clear")
    page.select_option("#of-verified", "all")
    assert text(page, "#list") == "Nothing matches the filter."
    page.click("#clear")
    page.select_option("#sort", "quality")
    assert page.evaluate("view.found[0].object.quality") == 0.5
    page.locator(".pager .next").first.click()
    assert text(page, ".pager .page") == "page 2 of 200"


def test_a_video_leads_to_its_objects(page):
    page.keyboard.press("3")
    assert text(page, "#found") == "2,500 videos"
    page.locator("#list .plain").first.click()
    assert text(page, "#found") == "4 objects of 10,000"


def test_everything_works_by_keyboard(page):
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "in-video"
    page.keyboard.press("Tab")
    page.keyboard.type("dog 7")
    page.locator("#list .look").first.focus()
    page.keyboard.press("ArrowRight")
    second = page.evaluate("document.activeElement.querySelector('.title').textContent")
    page.keyboard.press("Enter")
    page.wait_for_selector("#large .plot")
    assert text(page, "#large-title") == second
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#large .plot")
    assert text(page, "#large-place").startswith("3 of ")
    page.keyboard.press("p")
    assert page.locator("#large-picture .rings").is_hidden()
    page.locator("#large-frames .thumb").nth(1).press("Enter")
    assert "frame 9" in text(page, "#large-where")
    page.keyboard.press("Escape")
    assert page.locator("#large").is_hidden()
    page.keyboard.press("n")
    assert text(page, ".pager .page").startswith("page 2 of")


def test_a_missing_file_of_details_is_named(browser, large):
    page = browser.new_context().new_page()
    page.goto((large / "index.html").as_uri())
    moved = [path.rename(path.with_suffix(".away")) for path in (large / "data").glob("*.js")]
    try:
        page.locator("#list .look").first.click()
        page.wait_for_selector("#large .problem")
        assert "It lies beside this page: copy the whole folder" in text(page, "#large .problem")
    finally:
        for path in moved:
            path.rename(path.with_suffix(".js"))
    page.context.close()


def test_the_report_of_a_run_shows_its_pictures(browser, filmed_run):
    for one_file in (True, False):
        report(filmed_run, one_file=one_file)
        page = browser.new_context().new_page()
        page.goto((filmed_run.path / "report" / "index.html").as_uri())
        page.keyboard.press("2")
        page.locator("#list .row").first.click()
        page.wait_for_selector("#large-frames .thumb")
        widths = "all => Promise.all(all.map(image => image.decode().then(() => image.naturalWidth)))"
        shown = page.locator("#large-frames img").evaluate_all(widths)
        assert set(shown) == {400}
        assert len(shown) >= 3  # the frames with points
        page.context.close()
