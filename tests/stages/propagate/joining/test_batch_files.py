import pickle
from dataclasses import replace

import numpy as np

from schemas.elements import ObjectBatch, PlacedVideo, SegmentedBatch, TrackedBatch
from schemas.jobs import VideoJob
from schemas.localizations import Clicks, Localization
from schemas.masks import Mask, encode_rle
from schemas.rejects import Reject
from schemas.repairs import Repair
from schemas.video_files import VideoFile
from schemas.videos import Video
from stages.patches import pack_patch
from stages.propagate.joining.batch_files import batch_file, join_waiting
from stages.propagate.joining.joined_video import join_batches
from stages.propagate.joining.stored_maps import StoredMaps

RNG = np.random.default_rng(3)
ROWS = tuple(Localization("v", name, 0, Clicks(((5.0, 5.0),), (1,)), group="all") for name in "abc")
PLACED = PlacedVideo(VideoJob(VideoFile("v", "é/v.mp4"), ROWS, "beef"))


def tracked(number: int, object_ids: str, n_batches: int = 2) -> TrackedBatch:
    """A batch whose masks are random and contested, with something in every field."""
    batch = ObjectBatch(PLACED, frozenset(object_ids), number, n_batches)
    masks = tuple(
        Mask("v", name, idx, 7, 9, encode_rle(RNG.random((7, 9)) < 0.6), "propagator", "flow", float(RNG.random()))
        for name in object_ids
        for idx in range(4)
    )
    trusts = {(m.object_id, m.frame_idx): pack_patch(RNG.integers(0, 256, (7, 9), dtype=np.uint8)) for m in masks}
    repair = Repair("v", object_ids[0], 1, "track", "grabcut", 0.1, 1 / 3, 0.7, 0.2, 0.5, -0.3, "accepted")
    reject = Reject("segment", f"v/{object_ids[0]}@9", "empty_segment", "nothing “there”", "hints.json")
    video = Video("v", "é/v.mp4", 6, 7, 9, 30000 / 1001, 0.2, "h264", 0, times_s=(0.0, 0.1), cuts=(3,), lost=(4, 5))
    seeds = SegmentedBatch(batch, masks[:1], (reject,))
    references = dict.fromkeys(object_ids, 0)
    return TrackedBatch(seeds, video, masks, (repair,), references, trusts, (range(4, 6),))


def test_a_batch_comes_back_from_its_file_as_it_was(tmp_path):
    first, second = tracked(0, "ab"), tracked(1, "c")
    assert join_waiting(tmp_path, first) is None
    together = join_waiting(tmp_path, second)
    assert together.parts == (second, replace(first, seeds=replace(first.seeds, masks=())))
    assert join_batches(together.parts) == join_batches((first, second))


def test_a_batch_that_is_repeated_leaves_the_same_file_and_waits_for_the_same_others(tmp_path):
    first, second, third = tracked(0, "a", 3), tracked(1, "b", 3), tracked(2, "c", 3)
    assert [join_waiting(tmp_path, part) for part in (third, first)] == [None, None]
    before = batch_file(tmp_path, "beef", 0).read_bytes()
    assert join_waiting(tmp_path, first) is None
    assert batch_file(tmp_path, "beef", 0).read_bytes() == before
    assert join_batches(join_waiting(tmp_path, second).parts) == join_batches(join_waiting(tmp_path, third).parts)


def test_the_only_batch_of_a_video_goes_on_without_a_file(tmp_path):
    part = tracked(0, "abc", 1)
    assert join_waiting(tmp_path, part).parts == (part,)
    assert not list(tmp_path.iterdir())


def test_maps_of_trust_wait_in_a_file_and_travel_as_bytes(tmp_path):
    maps = StoredMaps.in_folder(tmp_path)
    for key, packed in {("a", 0): b"first", ("b", 0): b"", ("a", 3): b"third"}.items():
        maps.put(key, packed)
    assert not list(tmp_path.iterdir())
    assert maps == {("a", 0): b"first", ("b", 0): b"", ("a", 3): b"third"}
    travelled = pickle.loads(pickle.dumps(maps))
    assert (type(travelled), travelled) == (dict, maps)
    join_waiting(tmp_path, tracked(0, "ab"))
    (waiting,) = join_waiting(tmp_path, tracked(1, "c")).parts[1:]
    assert type(waiting.trusts) is StoredMaps
    assert len(waiting.trusts) == 8
