"""What pages of other origins reach through the browser of somebody who is at work: nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from tests.verification_ui.gate.conftest import Asked
from tests.verification_ui.person import Person
from verification_ui.queue.tokens import signed

pytestmark = [pytest.mark.labelstudio, pytest.mark.browser]

ATTEMPTS = """async ([origin, changes, pictures]) => {
  const wait = (ms) => new Promise(done => setTimeout(done, ms));
  const results = {};
  for (const [name, path, body] of changes) {
    const form = document.createElement('form');
    Object.assign(form, {method: 'POST', action: origin + path, target: 'hole', enctype: 'text/plain'});
    const field = form.appendChild(document.createElement('input'));
    [field.name, field.value] = [body.slice(0, -1) + ',"x":"', '"}'];
    document.body.append(form); form.submit(); await wait(300);
    const sent = {method: 'POST', mode: 'no-cors', credentials: 'include', body};
    results[name] = await fetch(origin + path, sent).then(r => r.type, e => e.name);
    const json = {...sent, mode: 'cors', headers: {'Content-Type': 'application/json'}};
    results[name + ' as json'] = await fetch(origin + path, json).then(r => r.status, e => e.name);
    const frame = document.createElement('iframe');
    frame.sandbox = 'allow-scripts allow-forms';
    frame.srcdoc = `<script>fetch(${JSON.stringify(origin + path)}, ${JSON.stringify(sent)})</` + 'script>';
    document.body.append(frame); await wait(300);
  }
  const asked = fetch(origin + '/api/current-user/whoami', {credentials: 'include'});
  results.read = await asked.then(r => r.status, e => e.name);
  for (const path of pictures) results[path] = await new Promise(done => {
    const image = new Image();
    image.onload = () => done('shown'); image.onerror = () => done('error'); image.src = origin + path;
  });
  const framed = document.body.appendChild(document.createElement('iframe'));
  framed.src = origin + '/'; await wait(1000);
  try { results.framed = framed.contentDocument ? 'readable' : 'closed'; } catch { results.framed = 'closed'; }
  return results;
}"""


class Site:
    """A page of somebody else's, and what browsers tell it."""

    def __init__(self, host: str) -> None:
        self.cookies: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.cookies.append(self.headers.get("Cookie") or "")
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(b"<body>another site<iframe name=hole></iframe></body>")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer((host, 0), Handler)
        self.origin = f"http://{host}:{self._server.server_address[1]}"

    @contextmanager
    def serving(self) -> Iterator[Site]:
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        yield self
        self._server.shutdown()
        self._server.server_close()
        thread.join()


@pytest.fixture
def at_work(served_run: Any, asked: Asked, browser: Any) -> Iterator[Person]:
    """Ann's browser, with the labelling page open."""
    with ExitStack() as until_the_end:
        person = Person(browser, served_run.link(asked.ann.email), asked.ann.email)
        until_the_end.callback(person.page.context.close)
        person.open(asked.project, "contact_sheet")
        yield person


def counts(served_run: Any, project: int) -> list[tuple[int, int]]:
    with signed(served_run.server.url, served_run.server.credentials.token, 60) as operator:
        tasks = operator.get("/api/tasks/", params={"project": project, "fields": "all", "page_size": 100}).json()
    return [(task["id"], len(task["annotations"])) for task in tasks["tasks"]]


@pytest.mark.parametrize("is_own_host", [False, True])
def test_a_page_on_another_port_changes_and_reads_nothing(
    at_work: Person, served_run: Any, asked: Asked, is_own_host: bool
) -> None:
    before = counts(served_run, asked.project)
    host = served_run.page.host if is_own_host else "127.0.0.1"
    changes = [
        ("answer", f"/api/tasks/{asked.task}/annotations?project={asked.project}", '{"result":[]}'),
        ("delete", f"/api/dm/actions?id=delete_tasks&project={asked.project}", '{"selectedItems":{"all":true}}'),
        ("log in", "/enter", '{"email":"x@y.z","link":"x"}'),
    ]
    at_work.pictures_are_loaded()
    own = at_work.page.evaluate("() => performance.getEntriesByType('resource').map(r => r.name)")
    pictures = [name.removeprefix(at_work.url) for name in own if "/data/local-files/" in name][:1]
    with Site(host).serving() as site:
        at_work.page.goto(f"{site.origin}/")
        tried = at_work.page.evaluate(ATTEMPTS, [at_work.url, changes, pictures])
        stored = at_work.page.evaluate("() => [document.cookie, localStorage.length]")
    assert {tried[name] for name in ("answer", "delete", "log in")} <= {"opaque", "TypeError"}
    assert {tried[f"{name} as json"] for name in ("answer", "delete", "log in")} == {"TypeError"}
    assert (tried["read"], tried["framed"]) == ("TypeError", "closed")
    assert [tried[path] for path in pictures] == ["error"]
    assert stored == ["", 0]
    assert counts(served_run, asked.project) == before
    if not is_own_host:
        assert set(site.cookies) == {""}


def test_what_another_port_of_the_pages_own_host_is_sent_opens_nothing(
    at_work: Person, served_run: Any, asked: Asked
) -> None:
    """Cookies know no ports. Whoever listens on this very address gets the cookie, and needs the key beside it."""
    with Site(served_run.page.host).serving() as site:
        at_work.page.goto(f"{site.origin}/")
        at_work.page.reload()
        at_work.page.evaluate("() => fetch('/again').then(r => r.text())")
    stolen = site.cookies[-1].removeprefix("pointvos_session=")
    at_work.page.goto(f"{at_work.url}/pointvos/page.js")
    bare = "async () => (await fetch('/api/current-user/whoami')).status"
    assert at_work.page.evaluate(bare) == 403  # a page of the origin itself, but without the key
    assert stolen
    with httpx.Client(base_url=at_work.url, cookies={"pointvos_session": stolen}, trust_env=False) as thief:
        for path in (f"/api/tasks/{asked.task}?project={asked.project}", f"/api/projects/{asked.project}"):
            assert thief.get(path).status_code == 403
        body, origin = {"result": []}, {"Origin": at_work.url}
        path = f"/api/tasks/{asked.task}/annotations?project={asked.project}"
        assert thief.post(path, json=body, headers=origin).status_code == 403


def test_a_name_that_is_made_to_point_here_gets_nothing(at_work: Person, served_run: Any) -> None:
    """DNS rebinding: the name of another site resolves to this machine; the browser sends that name as the host."""
    port = served_run.page.port
    for host in ("localhost", "127.0.0.1"):
        seen = at_work.page.context.request.get(at_work.url, headers={"Host": f"{host}:{port}"})
        assert seen.status == 403
    seen = at_work.page.context.request.get(at_work.url, headers={"Host": f"evil.example:{port}"})
    assert (seen.status, "answers requests to" in seen.text()) == (403, True)


def test_who_follows_a_link_of_another_site_is_not_logged_in_until_the_next_click(at_work: Person) -> None:
    page = at_work.page
    with Site("127.0.0.1").serving() as site:
        page.goto(f"{site.origin}/")
        page.evaluate("address => { location.href = address; }", f"{at_work.url}/")
        page.wait_for_selector("text=you are not logged in")
    page.click("text=Try again")
    page.wait_for_selector("text=Choose a queue.")


def test_the_link_works_once_and_leaves_no_trace_in_the_address(served_run: Any, browser: Any) -> None:
    link = served_run.link("once@example.org")
    person = Person(browser, link, "once@example.org")
    assert "link=" not in person.page.url
    person.page.go_back()
    assert "link=" not in person.page.url
    person.page.context.close()
    stranger = browser.new_context().new_page()
    stranger.goto(link)
    stranger.wait_for_selector("text=this link was used before")
    stranger.context.close()


def test_the_page_says_how_many_are_left_and_shows_the_instructions_the_first_time(
    served_run: Any, asked: Asked, browser: Any
) -> None:
    person = Person(browser, served_run.link("newcomer@example.org"), "newcomer@example.org")
    page = person.page
    page.goto(f"{person.url}/projects/{asked.project}/data?labeling=1")
    page.wait_for_selector(".lsf-modal-ls_visible >> text=What you are asked")
    before = counts(served_run, asked.project)
    page.keyboard.press("2")
    page.keyboard.press("Enter")  # closes the instructions; it answers nothing
    page.wait_for_selector(".lsf-modal-ls_visible", state="detached")
    assert counts(served_run, asked.project) == before
    assert page.locator(".pv-marks input:checked").count() == 0
    assert page.locator("#pv-left").inner_text() == "4 of 4 left"
    first, _ = person.asked()
    person.submit()
    person.next("contact_sheet", first)
    page.wait_for_function("() => document.getElementById('pv-left').textContent === '3 of 4 left'")
    person.page.goto(f"{person.url}/projects/{asked.project}/data?labeling=1")
    page.wait_for_selector(".pv-tile")
    page.wait_for_timeout(1000)
    assert page.locator(".lsf-modal-ls_visible").count() == 0
    with signed(served_run.server.url, served_run.server.credentials.token, 60) as operator:
        found = operator.get(f"/api/tasks/{first}/").json()
        mine = [a["id"] for a in found["annotations"] if a["completed_by"]["email"] == person.email]
        operator.delete(f"/api/annotations/{mine[0]}/")
    page.context.close()


def test_pointing_at_a_crop_shows_its_place_and_pointing_at_the_place_its_crop(at_work: Person) -> None:
    page = at_work.page
    shown = "i => getComputedStyle(document.querySelectorAll('.pv-place')[i]).opacity"
    framed = "i => getComputedStyle(document.querySelectorAll('.pv-marks .pv-tile')[i]).outlineStyle"
    page.mouse.move(1, 1)
    assert [page.evaluate(shown, i) for i in range(12)] == ["0"] * 12
    page.hover(".pv-marks .lsf-choice:nth-child(3)")
    assert [page.evaluate(shown, i) for i in range(12)] == ["1" if i == 2 else "0" for i in range(12)]
    page.hover(".pv-place:nth-of-type(5)")
    assert [page.evaluate(framed, i) for i in range(12)] == ["solid" if i == 4 else "none" for i in range(12)]


def test_no_bar_lies_around_a_picture(at_work: Person) -> None:
    """Each picture is shown in its own proportions: nothing of the element is left over."""
    at_work.page.set_viewport_size({"width": 1100, "height": 900})
    at_work.pictures_are_loaded()
    boxes = at_work.page.evaluate(
        "() => [...document.querySelectorAll('.pv-picture img')].map(i => "
        "[i.naturalWidth / i.naturalHeight, i.width / i.height])"
    )
    assert len(boxes) == 2
    for own, shown in boxes:
        assert abs(own / shown - 1) < 0.02
