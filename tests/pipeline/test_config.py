import hashlib

import pytest
import yaml

from pipeline.config import RunConfig, load_config
from pipeline.runs.filesystems import find_videos
from pipeline.terminal.console import UsageProblem
from verification_ui.media.location import MediaPlace

BASE = {"videos": "v", "localizations": "l"}


def test_options_lie_over_the_file_and_the_file_over_the_defaults(tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text("models: {segmenter: grabcut, propagator: flow}\nsampling: {frames: 4}\n")
    config = load_config(file, {**BASE, "models.propagator": "embedded", "sampling.seed": None})
    assert (config.models.segmenter, config.models.propagator) == ("grabcut", "embedded")
    assert (config.sampling.frames, config.sampling.seed) == (4, 0)


def test_a_written_config_reads_back_as_itself(tmp_path):
    config = load_config(None, {**BASE, "sampling.frames": 3})
    file = tmp_path / "run.yaml"
    file.write_text(config.to_yaml())
    assert load_config(file, {}) == config
    assert yaml.safe_load(file.read_text())["config_hash"] == config.hash()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"models.segmenter": "sm"}, "unknown segmenter 'sm'; known: .*grabcut"),
        ({"models.propagator": "sm"}, "unknown propagator 'sm'; known: .*flow"),
        ({"compute.workers": 0}, "workers 0"),
        ({"sampling.frames": 0}, "frames 0"),
        ({"sampling.frames": "many"}, "frames"),
        ({"sampling.colour": 1}, "unknown setting 'sampling.colour'; known: .*sampling.frames"),
    ],
)
def test_a_wrong_value_is_named_with_the_valid_ones(overrides, message):
    with pytest.raises(UsageProblem, match=message):
        load_config(None, {**BASE, **overrides})


def test_only_what_changes_the_result_changes_the_hash():
    config = load_config(None, BASE)
    assert load_config(None, {"videos": "w", "localizations": "m", "compute.workers": 7}).hash() == config.hash()
    assert load_config(None, {**BASE, "sampling.seed": 1}).hash() != config.hash()
    assert isinstance(config, RunConfig)


@pytest.mark.parametrize("text", ["- a\n", "a: [", "\x00"])
def test_an_unreadable_config_file_is_wrong_usage(tmp_path, text):
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(UsageProblem, match="config file"):
        load_config(file, BASE)


def test_where_the_pictures_are_is_set_checked_and_leaves_the_hash_alone(tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text("videos: v\nlocalizations: l\nreview_media:\n  place: s3://bucket/prefix\n  region: eu-west-1\n")
    config = load_config(file, {})
    assert config.review_media == MediaPlace("s3://bucket/prefix", region="eu-west-1")
    assert config.hash() == load_config(None, {"videos": "v", "localizations": "l"}).hash()
    file.write_text("videos: v\nlocalizations: l\nreview_media: {place: 'ftp://x/y'}\n")
    with pytest.raises(UsageProblem, match="unknown media location 'ftp://x/y'; known: local, s3://bucket/prefix"):
        load_config(file, {})
    file.write_text("videos: v\nlocalizations: l\nreview_media: {bucket: x}\n")
    with pytest.raises(UsageProblem, match=r"unknown setting 'review_media\.bucket'; known: review_media\.place"):
        load_config(file, {})


def test_a_run_is_the_same_however_its_paths_are_typed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    typed = load_config(None, BASE).run_id()
    assert load_config(None, {"videos": f"{tmp_path}/v/", "localizations": "./l"}).run_id() == typed
    monkeypatch.chdir(tmp_path.parent)
    assert load_config(None, BASE).run_id() != typed
    remote = {"videos": "gs://bucket/v", "localizations": "gs://bucket/l"}
    assert load_config(None, remote).run_id() != typed


def test_videos_have_addresses_that_hold_from_anywhere(tmp_path, monkeypatch):
    here = tmp_path / "a [new] *"
    (here / "in" / "b").mkdir(parents=True)
    (here / "in" / "a.mp4").write_bytes(b"0")
    (here / "in" / "b" / "1.jpg").write_bytes(b"0")
    monkeypatch.chdir(here)
    for typed in ("in", "./in/", "in/*", f"{here}/in"):
        film, folder = find_videos(typed)[0]
        assert (film.video_id, film.uri, film.frames) == ("a", f"{here}/in/a.mp4", ())
        assert (folder.video_id, folder.uri, folder.frames) == ("b", f"{here}/in/b", (f"{here}/in/b/1.jpg",))
    assert [(v.video_id, v.uri) for v in find_videos("in/a.mp4")[0]] == [("a", f"{here}/in/a.mp4")]


def test_of_a_trained_model_its_content_counts_and_not_its_place(tmp_path):
    an_empty_zip = b"PK\x05\x06" + bytes(18)
    for name, content in (("a.pt", b"one"), ("b.pt", b"one"), ("c.pt", b"two")):
        (tmp_path / name).write_bytes(content + an_empty_zip)

    def config(kind, name):
        return load_config(None, {"videos": "v", "localizations": "l", f"models.{kind}": f"trained:{tmp_path / name}"})

    for kind in ("segmenter", "propagator"):
        hashes = [config(kind, name).hash() for name in ("a.pt", "b.pt", "c.pt")]
        assert hashes[0] == hashes[1] != hashes[2]
        kept = yaml.safe_load(config(kind, "a.pt").to_yaml())
        assert kept["weights"] == {kind: f"trained:{hashlib.sha256(b'one' + an_empty_zip).hexdigest()[:16]}"}
    assert config("segmenter", "a.pt").hash() != config("propagator", "a.pt").hash()
    (tmp_path / "a.pt").write_bytes(b"three" + an_empty_zip)
    assert config("segmenter", "a.pt").hash() not in hashes
    (tmp_path / "a.pt").write_bytes(b"three")
    with pytest.raises(UsageProblem, match=r"a\.pt holds no weights; make them with: pointvos train segmenter"):
        config("segmenter", "a.pt")
