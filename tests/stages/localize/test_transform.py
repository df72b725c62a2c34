from functools import partial

from pipeline.runs.filesystems import open_binary
from schemas.jobs import VideoJob
from schemas.localizations import Expression, Localization
from schemas.video_files import VideoFile
from stages.backends.handlers import SharedModel
from stages.backends.localizers import load_localizer
from stages.localize.transform import LocalizeExpressionsDoFn


def test_a_video_whose_words_cannot_be_looked_for_is_rejected():
    row = Localization("a", "1", 0, Expression(("a dog",)))
    job = VideoJob(VideoFile("a", "a.mp4"), (row,), "0" * 16)
    stage = LocalizeExpressionsDoFn(SharedModel(partial(load_localizer, "oracle")), open_binary)
    (rejected,) = stage.process(job)
    assert (rejected.tag, rejected.value.job) == ("rejects", job)
    assert "'oracle'" in rejected.value.reject.detail
