from schemas.jobs import VideoJob
from schemas.localizations import Clicks, Expression, Localization
from schemas.video_files import VideoFile


def job(*hints):
    rows = tuple(Localization("v", str(number), 0, hint) for number, hint in enumerate(hints))
    return VideoJob(VideoFile("v", "v.mp4"), rows, "beef")


CLICKS = Clicks(((5.0, 5.0),), (1,))


def test_a_crowded_video_has_a_job_for_each_batch():
    jobs = job(*[CLICKS] * 5).by_batch(2)
    assert [one.key for one in jobs] == [("beef", 0), ("beef", 1), ("beef", 2)]
    assert {one.n_objects for one in jobs} == {5}


def test_as_many_objects_as_a_batch_holds_are_one_job():
    few = job(*[CLICKS] * 5)
    assert few.by_batch(5) == few.by_batch(0) == [few]


def test_words_are_looked_for_once_so_their_video_is_one_job():
    words = job(CLICKS, CLICKS, Expression(("a dog",)))
    assert words.by_batch(1) == [words]
    assert words.n_batches(1) == 3
