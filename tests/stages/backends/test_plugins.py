import pytest

from stages.backends.plugins import PROPAGATOR_GROUP, SEGMENTER_GROUP, PluginError, load_plugin, plugin_names
from stages.backends.propagators import load_propagator, propagator_names
from stages.backends.segmenters import load_segmenter

MODULE = """
class Still:
    def __init__(self, device):
        self.name, self.device = "still", device
"""
ENTRIES = """[pointvos.propagators]
still = still_backend:Still
moving = still_backend:Still
absent = still_backend:Absent
[pointvos.segmenters]
gone = no_such_module:load
"""


@pytest.fixture(autouse=True)
def package(tmp_path, monkeypatch):
    """An installed package with propagators of its own."""
    (tmp_path / "still_backend.py").write_text(MODULE)
    info = tmp_path / "still_backend-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: still-backend\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRIES)
    monkeypatch.syspath_prepend(tmp_path)


def test_the_names_of_other_packages_follow_our_own():
    assert plugin_names(PROPAGATOR_GROUP) == ("absent", "moving", "still")
    assert propagator_names()[0] == "embedded"
    assert propagator_names()[-3:] == ("absent", "moving", "still")


def test_a_backend_of_another_package_is_told_its_device():
    assert load_propagator("still", "cuda:1").device == "cuda:1"


def test_a_name_that_nobody_brings_is_none():
    assert load_plugin(SEGMENTER_GROUP, "still", "cpu") is None


def test_a_backend_must_go_by_its_registered_name():
    with pytest.raises(PluginError, match=r"'moving' \(still_backend:Still\) has the name 'still'; they must agree"):
        load_propagator("moving")


@pytest.mark.parametrize(
    ("load", "name", "reason"),
    [(load_propagator, "absent", "has no attribute 'Absent'"), (load_segmenter, "gone", "No module named 'no_such_")],
)
def test_a_backend_that_cannot_be_imported_is_named(load, name, reason):
    with pytest.raises(PluginError, match=rf"'{name}' .* cannot be imported: .*{reason}"):
        load(name)
