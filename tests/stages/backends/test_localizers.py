"""Localizers by name."""

from __future__ import annotations

import pytest

from stages.backends.localizer import LocalizerError
from stages.backends.localizers import load_localizer, require_localizer, split_name


def test_a_model_may_follow_a_colon():
    assert split_name("imagenet") == ("imagenet", "")
    assert split_name("owlv2:google/owlv2-large-patch14") == ("owlv2", "google/owlv2-large-patch14")


@pytest.mark.parametrize("use", [split_name, require_localizer, load_localizer])
def test_an_unknown_name_is_answered_with_the_known_ones(use):
    with pytest.raises(ValueError, match="unknown localizer 'owl'; known: imagenet, grounding_dino, owlv2"):
        use("owl")


@pytest.mark.parametrize("name", ["imagenet:big", "owlv2:"])
def test_only_detectors_take_a_model(name):
    with pytest.raises(ValueError, match="only grounding_dino, owlv2, sam3_text take a model"):
        split_name(name)


def test_a_detector_without_weights_says_how_to_get_them(monkeypatch, tmp_path):
    monkeypatch.setenv("POINTVOS_CACHE", str(tmp_path))
    with pytest.raises(LocalizerError, match=r"pip install 'pointvos\[video\]'|pointvos models fetch grounding_dino"):
        require_localizer("grounding_dino")


def test_all_instances_need_a_detector():
    with pytest.raises(LocalizerError, match="'imagenet' finds one object an expression"):
        require_localizer("imagenet", every=True)


def test_the_default_needs_nothing():
    require_localizer("imagenet")
