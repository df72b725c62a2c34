"""What optical flow carries along."""

import cv2
import numpy as np

from stages.backends.optical_flow import Motion

HEIGHT, WIDTH = 60, 90


def test_a_map_is_carried_as_if_every_pixel_of_the_frame_were_sampled():
    rng = np.random.default_rng(0)
    backward = cv2.GaussianBlur(rng.normal(0, 60, (HEIGHT, WIDTH, 2)).astype(np.float32), (0, 0), 4)
    motion = Motion(backward, np.zeros_like(backward))
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    source = backward + np.dstack([columns, rows])
    for centre in ((45, 30), (0, 0), (89, 59), (3, 40)):
        disc = cv2.circle(np.zeros((HEIGHT, WIDTH), np.float32), centre, 9, 1.0, -1)
        whole = cv2.remap(disc, source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        assert whole.any()
        assert np.array_equal(motion.carry(disc), whole)


def test_nothing_is_carried_as_nothing():
    still = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    assert not Motion(still, still).carry(np.zeros((HEIGHT, WIDTH), np.float32)).any()
