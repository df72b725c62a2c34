import pytest

from stages.backends.checkpoints.download import Retry, download
from stages.backends.checkpoints.errors import DownloadError

QUICK = Retry(attempts=3, wait_s=0.001, timeout_s=0.5)


@pytest.fixture
def part(tmp_path):
    return tmp_path / "file.part"


def fetched(shelf, part, **options):
    download(shelf.url, part, retry=QUICK, **options)
    return part.read_bytes()


def test_a_file_comes_whole_and_tells_how_far_it_is(shelf, part):
    seen = []
    content = fetched(shelf, part, n_bytes=len(shelf.content), on_progress=lambda *told: seen.append(told))
    assert content == shelf.content
    assert seen[-1] == (len(content), len(content))
    assert shelf.asked == [""]


def test_a_dropped_connection_is_resumed(shelf, part, answer):
    shelf.script = [answer(cut=1_500_000), answer(cut=700_000)]
    assert fetched(shelf, part, n_bytes=len(shelf.content)) == shelf.content
    assert shelf.asked == ["", "bytes=1500000-", "bytes=2200000-"]


def test_a_second_call_goes_on_where_the_first_gave_up(shelf, part, answer):
    shelf.script = [answer(cut=10_000), answer(status=503), answer(status=503)]
    with pytest.raises(DownloadError, match=r"was interrupted 3 times, last at 10,000 bytes \(the server answered 503"):
        fetched(shelf, part, n_bytes=len(shelf.content))
    assert fetched(shelf, part, n_bytes=len(shelf.content)) == shelf.content
    assert shelf.asked[-1] == "bytes=10000-"


def test_a_complete_part_is_not_asked_for_again(shelf, part):
    fetched(shelf, part, n_bytes=len(shelf.content))
    fetched(shelf, part, n_bytes=len(shelf.content))
    assert shelf.asked == [""]


@pytest.mark.parametrize("etag", ['"v1"', ""], ids=["with", "without"])
def test_a_server_without_ranges_sends_all_again(shelf, part, answer, etag):
    shelf.ranges, shelf.etag = False, etag
    shelf.script = [answer(cut=1_500_000)]
    assert fetched(shelf, part, n_bytes=len(shelf.content)) == shelf.content
    assert shelf.asked == ["", "bytes=1500000-"]


def test_a_file_that_changed_on_the_server_is_begun_anew(shelf, part, answer):
    shelf.script = [answer(cut=1_500_000), answer(status=404)]
    with pytest.raises(DownloadError, match="answered 404 Not Found; download the file yourself"):
        fetched(shelf, part)
    shelf.content, shelf.etag = shelf.content[::-1], '"v2"'
    assert fetched(shelf, part) == shelf.content


def test_the_beginning_of_another_address_is_not_used(shelf, part):
    part.write_bytes(b"something else")
    assert fetched(shelf, part) == shelf.content
    assert shelf.asked == [""]


def test_another_range_than_asked_for_is_thrown_away(shelf, part, answer):
    shelf.script = [answer(cut=1_500_000), answer(other_range=True)]
    assert fetched(shelf, part, n_bytes=len(shelf.content)) == shelf.content
    assert shelf.asked == ["", "bytes=1500000-", ""]


def test_a_part_longer_than_the_file_is_thrown_away(shelf, part, answer):
    shelf.script = [answer(cut=2_000_000), answer(status=404)]
    with pytest.raises(DownloadError):
        fetched(shelf, part)
    shelf.content = shelf.content[:1_000_000]
    assert fetched(shelf, part) == shelf.content
    assert shelf.asked[-2:] == ["bytes=2000000-", ""]


def test_another_length_than_the_official_one_is_not_believed(shelf, part, answer):
    shelf.script = [answer(says=5_000)]
    with pytest.raises(DownloadError, match=r"offers 5,000 bytes instead of 3,000,000: not the official file"):
        fetched(shelf, part, n_bytes=3_000_000)
    assert shelf.asked == [""], "another attempt would not help"


def test_a_length_that_promises_too_much_ends_in_a_bounded_time(shelf, part, answer):
    shelf.script = [answer(says=4_000_000)] + [answer(status=416)] * 9
    with pytest.raises(DownloadError, match="was interrupted 3 times"):
        fetched(shelf, part)


@pytest.mark.parametrize("n_bytes", [None, 3_000_000], ids=["size unknown", "size known"])
def test_a_body_without_a_length_is_taken(shelf, part, answer, n_bytes):
    shelf.script = [answer(no_length=True)]
    assert fetched(shelf, part, n_bytes=n_bytes) == shelf.content


def test_a_body_without_a_length_that_is_too_long_is_cut_off(shelf, part, answer):
    shelf.script = [answer(no_length=True)]
    with pytest.raises(DownloadError, match="sends more than 100,000 bytes"):
        fetched(shelf, part, n_bytes=100_000)


def test_a_silent_server_is_left_after_a_while(shelf, part, answer):
    shelf.script = [answer(stall=True)]
    assert fetched(shelf, part) == shelf.content


def test_failures_are_counted_anew_after_real_progress(shelf, part, answer):
    shelf.content = shelf.content * 3
    shelf.script = [answer(cut=1_100_000) for _ in range(6)]
    assert fetched(shelf, part, n_bytes=len(shelf.content)) == shelf.content
    assert len(shelf.asked) == 7


def test_drips_without_real_progress_are_not_waited_for(shelf, part, answer):
    shelf.script = [answer(cut=10) for _ in range(99)]
    with pytest.raises(DownloadError, match="was interrupted 3 times, last at 30 bytes"):
        fetched(shelf, part)
    assert len(shelf.asked) == 3


def test_a_server_that_is_not_there_is_named(tmp_path, part):
    with pytest.raises(
        DownloadError, match=r"http://127.0.0.1:9/x was interrupted 3 times, last at 0 bytes \(.*refused"
    ):
        download("http://127.0.0.1:9/x", part, retry=QUICK)
