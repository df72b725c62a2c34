"""Overlay videos of a run: which are made, which are kept, and what is said where one cannot be made."""

from __future__ import annotations

from datetime import UTC, datetime

import av
import pytest
import typer

from pipeline.commands.render import render
from pipeline.runs.rendering import OverlayJob, Renderer, RenderStoppedError
from pipeline.runs.rounds import VideoRounds, commit_round, write_corrections
from pipeline.runs.units import videos_of
from pipeline.terminal.console import REJECTED, UsageProblem
from schemas import tables
from schemas.corrections import Correction
from schemas.reviews import Verdict


@pytest.fixture
def run(filmed_run):
    return filmed_run


def overlay_files(run):
    return sorted(p.relative_to(run.path / "report" / "videos").as_posix() for p in (run.path / "report").rglob("*.*"))


def n_frames(path):
    with av.open(str(path)) as film:
        return sum(1 for _ in film.decode(video=0))


def correct(run):
    """A round that takes object 1 off frame 3 of video a."""
    video = videos_of(run)[0]
    write_corrections(run, video, [Correction("a", "1", 3, "absent", 1)])
    commit_round(run, video, VideoRounds.read(run, video), {("1", 3): None})


def test_every_video_is_rendered_and_kept_until_something_in_it_changes(run, capsys):
    render(run)
    assert overlay_files(run) == ["a.mp4", "sub/b.mp4"]
    first = run.path / "report" / "videos" / "a.mp4"
    content, written = first.read_bytes(), first.stat().st_mtime_ns
    assert n_frames(first) == 12
    render(run)
    assert "already there   2" in capsys.readouterr().out
    assert first.stat().st_mtime_ns == written
    candidate = tables.CANDIDATES.records(tables.CANDIDATES.read(run.path))[0]
    verdict = Verdict(
        candidate.candidate_id, "AMBIGUOUS", "al", "label_studio", 1.0, "t", "1", datetime(2026, 1, 1, tzinfo=UTC)
    )
    tables.VERDICTS.write(run.path / "verdicts" / "label_studio.parquet", [verdict])
    render(run)
    assert first.read_bytes() != content
    tables.VERDICTS.files(run.path)[0].unlink()
    render(run)
    assert first.read_bytes() == content


def test_what_a_killed_command_left_is_swept(run):
    folder = run.path / "report" / "videos"
    folder.mkdir(parents=True)
    (folder / ".a.mp4.4194399-0123abcd.tmp").write_bytes(b"half")
    render(run, ["a"])
    assert [path.name for path in folder.iterdir()] == ["a.mp4"]


def test_videos_and_objects_are_chosen_by_name_id_or_pattern(run, tmp_path):
    render(run, ["sub/*"], out=tmp_path / "one")
    render(run, ["a"], ["thing 2"], out=tmp_path / "two")
    render(run, by_object=True, out=tmp_path / "three", workers=2)
    found = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.glob("[ot][nwh]*/**/*.mp4"))
    assert found == [
        "one/sub/b.mp4", "three/a.object-1.mp4", "three/a.object-2.mp4", "three/sub/b.object-dog.mp4",
        "two/a.object-2.mp4",
    ]  # fmt: skip
    assert (tmp_path / "two/a.object-2.mp4").read_bytes() == (tmp_path / "three/a.object-2.mp4").read_bytes()


def test_the_state_before_a_round_stands_beside_the_present_one(run):
    with pytest.raises(UsageProblem, match=r"no video of .* had a correction round 1; leave out --before"):
        render(run, before=1)
    correct(run)
    render(run, before=1)
    assert overlay_files(run) == ["a.before-1.mp4"]
    video = videos_of(run)[0]
    plan = Renderer(run).plan(OverlayJob(video, run.path / "x.mp4", ("1", "2"), 1))
    assert [(side.title, "1" in side.masks[3]) for side in plan.sides] == [
        ("before round 1", True),
        ("after round 1", False),
    ]
    assert plan.tracks[0].anchors == (0, 3)


def test_a_video_that_is_gone_is_named_and_the_others_are_rendered(run, capsys):
    (run.path.parent / "a.mp4").unlink()
    with pytest.raises(typer.Exit) as ended:
        render(run)
    assert ended.value.exit_code == REJECTED
    assert overlay_files(run) == ["sub/b.mp4"]
    assert "not rendered: a: missing_file" in capsys.readouterr().out


def test_names_that_are_not_there_are_told_with_those_that_are(run):
    with pytest.raises(UsageProblem, match=r"no video 'sub/c' in .*; there are 2, such as sub/b"):
        render(run, ["sub/c"])
    with pytest.raises(UsageProblem, match="has masks of cat"):
        render(run, names=["cat"])


def test_a_film_that_is_stopped_leaves_nothing(run):
    video = videos_of(run)[0]
    job = OverlayJob(video, run.path / "report" / "videos" / "a.mp4", ("1",))
    with pytest.raises(RenderStoppedError):
        Renderer(run, is_stopped=lambda: True).render(job, lambda: None)
    assert overlay_files(run) == []
