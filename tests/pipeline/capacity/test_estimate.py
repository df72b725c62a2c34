import pytest

from pipeline.capacity.costs import load_costs
from pipeline.capacity.estimate import estimate
from pipeline.capacity.footage import Footage
from pipeline.capacity.needs import SIDE_BY_SIDE, costs_on
from pipeline.config import load_config
from schemas.jobs import VideoJob
from schemas.localizations import Clicks, Localization
from schemas.video_files import VideoFile

GB = 1e9


def footage(name="a", n_frames=100, n_objects=1, frame_idx=0, size=(480, 854), key_frames=(), group=""):
    clicks = Clicks(((5.0, 5.0),), (1,))
    rows = tuple(Localization(name, str(i), frame_idx, clicks, group=group) for i in range(n_objects))
    return Footage(VideoJob(VideoFile(name, f"{name}.mp4"), rows, name), n_frames, *size, key_frames=key_frames)


def settings(**overrides):
    dotted = {name.replace("__", "."): value for name, value in overrides.items()}
    return load_config(None, {"videos": "v", "localizations": "l", "compute.device": "cpu", **dotted})


def test_the_longest_video_goes_first_and_the_next_to_whoever_is_free():
    films = [footage("a", 300), footage("b", 100), footage("c", 100), footage("d", 50)]
    found = estimate(films, settings(compute__workers=2))
    assert [(share.videos, share.frames) for share in found.workers] == [(1, 300), (3, 250)]
    assert found.seconds == max(share.seconds for share in found.workers)
    assert (found.total.videos, found.total.frames, found.total.objects) == (4, 550, 4)


def test_there_are_no_more_workers_than_videos():
    assert len(estimate([footage()], settings(compute__workers=4)).workers) == 1


def test_workers_in_parallel_take_the_memory_of_the_largest_videos():
    small, large = footage("a", size=(240, 320)), footage("b", size=(1080, 1920))
    one, two = (estimate([small, large, small], settings(compute__workers=n)) for n in (1, 2))
    assert one.worker_bytes == two.worker_bytes
    assert one.main_bytes < two.main_bytes < one.main_bytes + one.worker_bytes


@pytest.mark.parametrize(
    ("more", "less"),
    [
        ({"film": footage(n_objects=20)}, {}),
        ({"film": footage(size=(2160, 3840))}, {}),
        ({}, {"propagator": "embedded_fast"}),
        ({"film": footage(n_objects=20)}, {"film": footage(n_objects=20), "objects_a_pass": 5}),
    ],
)
def test_memory_grows_with_what_lives_at_once(more, less):
    def memory(film=None, propagator="embedded", objects_a_pass=0):
        options = {"models__propagator": propagator, "models__objects_a_pass": objects_a_pass}
        return estimate([film or footage()], settings(**options)).main_bytes

    assert memory(**more) > memory(**less)


def test_a_video_that_is_localized_late_waits_on_disk_and_is_walked_twice():
    early, late = (estimate([footage(frame_idx=idx)], settings()) for idx in (0, 99))
    assert late.seconds > early.seconds
    assert late.spool_bytes > early.spool_bytes + 99 * 4e6
    assert late.kept_bytes == early.kept_bytes


def test_objects_cost_nothing_behind_a_likely_cut():
    whole, cut = (footage(n_frames=300, frame_idx=100, key_frames=keys) for keys in ((0,), (0, 70, 130, 185)))
    assert (whole.object_steps(), cut.object_steps()) == (300, 60)
    assert estimate([cut], settings()).seconds < estimate([whole], settings()).seconds


def test_a_worker_is_faster_once_the_others_are_done(monkeypatch):
    monkeypatch.setattr("pipeline.capacity.needs.psutil.cpu_count", lambda: 2)
    start_s = costs_on("cpu").process.start_s

    def seconds(*films):
        return estimate(films, settings(compute__workers=2, compute__threads=1)).seconds - start_s

    short, long = footage("a", 100), footage("b", 300)
    assert seconds(long, short) == pytest.approx(
        seconds(short) / SIDE_BY_SIDE + seconds(long) - seconds(short), rel=1e-6
    )


def test_repair_takes_time_and_holds_a_few_frames():
    with_, without = (estimate([footage()], settings(repair__enabled=on)) for on in (True, False))
    assert with_.seconds > without.seconds
    assert with_.main_bytes - without.main_bytes == 4 * 3 * 480 * 854
    assert estimate([footage()], settings(repair__every=10)).seconds > with_.seconds


def test_cores_that_work_side_by_side_are_slower_than_alone(monkeypatch):
    def seconds(n_cores, **compute):
        monkeypatch.setattr("pipeline.capacity.needs.psutil.cpu_count", lambda: n_cores)
        return estimate([footage("a"), footage("b")], settings(**compute)).seconds

    alone = seconds(1, compute__threads=1)
    assert seconds(1, compute__threads=2) == alone
    assert 0.5 * alone < seconds(2, compute__threads=1, compute__workers=2) < alone


@pytest.mark.parametrize(
    ("propagator", "n_objects", "measured_s"), [("embedded", 1, 20), ("embedded", 5, 34), ("cutie_small", 1, 18)]
)
def test_on_a_gpu_the_seconds_are_those_of_a_gpu(monkeypatch, propagator, n_objects, measured_s):
    """Measured: a clip of 300 frames at 480p, whole command, on an NVIDIA H200 beside 16 cores."""
    monkeypatch.setattr("pipeline.capacity.needs.psutil.cpu_count", lambda: 16)
    film = footage(n_frames=300, n_objects=n_objects, frame_idx=150)
    on_gpu = settings(compute__device="cuda", compute__workers=1, compute__threads=2, models__propagator=propagator)
    assert 0.7 * measured_s < estimate([film], on_gpu).seconds < 1.4 * measured_s
    assert load_costs("gpu").propagator(propagator).object_bytes == load_costs().propagator(propagator).object_bytes


@pytest.mark.parametrize(("has_bfloat16", "one_s", "two_s"), [(True, 28.5, 16.5), (False, 94, 50)])
def test_the_seconds_are_those_of_the_instructions_that_the_cpu_has(monkeypatch, has_bfloat16, one_s, two_s):
    """Measured: six DAVIS sequences at 480p, one object each, whole command without repairs, two cores of each kind."""
    monkeypatch.setattr("pipeline.capacity.needs.has_bfloat16", lambda: has_bfloat16)
    monkeypatch.setattr("pipeline.capacity.needs.psutil.cpu_count", lambda: 2)
    films = [footage(str(n_frames), n_frames) for n_frames in (40, 50, 50, 60, 80, 84)]
    fixed = {"compute__threads": 1, "repair__enabled": False}
    one, two = (estimate(films, settings(compute__workers=n, **fixed)).seconds for n in (1, 2))
    assert 0.8 * one_s < one < 1.25 * one_s
    assert 0.8 * two_s < two < 1.25 * two_s


def test_every_pass_over_the_objects_encodes_the_video_again():
    def seconds(**options):
        return estimate([footage(n_objects=20)], settings(compute__threads=1, **options)).seconds

    assert seconds(models__objects_a_pass=5) > seconds(models__objects_a_pass=10) > seconds()


def test_a_video_that_cannot_be_read_counts_nothing():
    found = estimate([footage(n_frames=0, size=(0, 0))], settings())
    assert (found.total.frames, found.kept_bytes, found.spool_bytes) == (0, 0, 0)


def test_a_video_of_unknown_length_counts_to_its_last_localized_frame_and_is_named():
    found = estimate([footage("a", 100), footage("live", 0, frame_idx=30)], settings())
    assert found.open_ended == ("live",)
    assert found.total.frames == 100 + 31
    assert found.length() == "about 131 frames and 1 video of unknown length"
    assert "more than" in found.sentence()
    alone = estimate([footage("live", 0, frame_idx=30)], settings())
    assert alone.length() == "1 video of unknown length"
    assert alone.seconds == estimate([footage("live", 31, frame_idx=30)], settings()).seconds


def test_a_video_that_cannot_be_read_is_not_of_unknown_length():
    assert estimate([footage(n_frames=0, size=(0, 0))], settings()).open_ended == ()


def test_several_workers_share_a_crowded_video():
    def found(n_workers, n_objects=60):
        return estimate([footage(n_objects=n_objects)], settings(compute__workers=n_workers, compute__threads=1))

    alone, shared = found(1), found(2)
    assert [(share.videos, share.frames) for share in shared.workers] == [(1, 67), (1, 33)]
    assert shared.seconds < 0.98 * alone.seconds
    assert shared.main_bytes - alone.main_bytes == alone.worker_bytes
    assert (shared.total, shared.kept_bytes) == (alone.total, alone.kept_bytes)
    assert found(2, n_objects=24) == found(1, n_objects=24)
    assert shared.spool_bytes == 2 * alone.spool_bytes
    grouped = estimate([footage(n_objects=60, group="g")], settings(compute__threads=1))
    assert grouped.main_bytes == alone.main_bytes
    assert grouped.spool_bytes - alone.spool_bytes == pytest.approx(100 * (60 + 24) * 24_000)
