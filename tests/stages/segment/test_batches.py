from schemas.elements import PlacedVideo
from schemas.jobs import VideoJob
from schemas.localizations import Clicks, Localization
from schemas.video_files import VideoFile
from stages.segment.batches import split_objects


def video(groups):
    rows = tuple(Localization("v", i, 0, Clicks(((5.0, 5.0),), (1,)), group=group) for i, group in groups.items())
    return PlacedVideo(VideoJob(VideoFile("v", "v.mp4"), rows, "0"))


def test_batches_are_even_and_hold_every_object_once():
    groups = {f"{i:02d}": "" for i in range(20)}
    batches = split_objects(video(groups), 9)
    assert [len(batch.object_ids) for batch in batches] == [7, 7, 6]
    assert sorted(object_id for batch in batches for object_id in batch.object_ids) == sorted(groups)
    assert [(batch.number, batch.n_batches) for batch in batches] == [(0, 3), (1, 3), (2, 3)]


def test_objects_of_one_group_stay_together_where_they_can():
    batches = split_objects(video({"a": "x", "b": "", "c": "x", "d": ""}), 3)
    assert [sorted(batch.object_ids) for batch in batches] == [["b", "d"], ["a", "c"]]


def test_without_a_limit_all_objects_are_one_batch():
    (batch,) = split_objects(video({"a": "x", "b": ""}), 0)
    assert batch.object_ids == {"a", "b"}
