import cv2
import numpy as np
import pytest

from stages.backends.embedded.training.outlines import Outlined, load_outlined
from stages.backends.embedded.training.scenes import MAX_AREA, MIN_AREA, make_scene


def test_every_outline_lies_on_its_picture_and_is_named():
    outlined = load_outlined()
    assert len(outlined) == 30
    assert len({thing.picture for thing in outlined}) == 16
    for thing in outlined:
        assert thing.image.shape[:2] == thing.mask.shape
        assert 0.002 < thing.mask.mean() < 0.5
        assert thing.name


def test_an_outline_follows_the_object_in_colour():
    flower = next(thing for thing in load_outlined() if thing.name == "flower")
    red, green, blue = flower.image[flower.mask].mean(axis=0)
    assert red > green + 40 > blue + 40
    ring = cv2.dilate(flower.mask.astype(np.uint8), np.ones((31, 31))).astype(bool) & ~flower.mask
    assert flower.image[ring].mean(axis=0)[0] < 80


def test_scenes_follow_the_seed_and_keep_their_bounds():
    outlined = load_outlined()
    for seed in range(12):
        scene = make_scene(outlined, np.random.default_rng(seed))
        again = make_scene(outlined, np.random.default_rng(seed))
        assert scene.image.shape == (480, 854, 3)
        assert scene.image.dtype == np.uint8
        assert MIN_AREA < scene.mask.mean() < MAX_AREA
        assert np.array_equal(scene.image, again.image)
        assert np.array_equal(scene.mask, again.mask)


def test_pictures_without_room_are_refused():
    full = Outlined("wall", "w:0", np.zeros((100, 100, 3), np.uint8), np.ones((100, 100), dtype=bool))

    class AlwaysInPlace:
        """Draws that crop the object in place, every time."""

        def random(self):
            return 0.0

        def uniform(self, low, high, size=None):
            return low

        def integers(self, high):
            return 0

    with pytest.raises(ValueError, match="no scene found"):
        make_scene([full], AlwaysInPlace())
