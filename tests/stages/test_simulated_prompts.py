import numpy as np
import pytest

from stages.simulated_prompts import depth_of, simulate_box, simulate_click, simulate_clicks, simulate_trace


def bar():
    mask = np.zeros((60, 120), dtype=bool)
    mask[20:41, 10:111] = True
    return mask


def ring():
    y, x = np.mgrid[:100, :100]
    radius = np.hypot(y - 50, x - 50)
    return (radius < 40) & (radius > 20)


def test_the_centre_click_is_the_deepest_pixel_even_of_a_ring():
    (x, y) = simulate_click(ring()).xy_px[0]
    assert depth_of(ring())[int(y), int(x)] == depth_of(ring()).max()
    assert ring()[int(y), int(x)]


def test_the_frame_border_counts_as_the_object_edge():
    assert simulate_click(np.ones((21, 21), dtype=bool)).xy_px == ((10.0, 10.0),)


def test_random_clicks_are_three_pixels_deep_and_follow_the_seed():
    clicks = [simulate_click(bar(), "random", seed).xy_px[0] for seed in range(20)]
    assert all(23 <= y <= 37 and 13 <= x <= 107 for x, y in clicks)
    assert len(set(clicks)) > 10
    assert simulate_click(bar(), "random", 3) == simulate_click(bar(), "random", 3)


def test_a_thin_object_still_gets_a_random_click():
    line = np.zeros((20, 20), dtype=bool)
    line[10] = True
    assert simulate_click(line, "random", 1).xy_px[0][1] == 10


def test_an_unknown_mode_and_an_empty_mask_are_refused():
    with pytest.raises(ValueError, match="unknown click mode 'middle'; known: center, random"):
        simulate_click(bar(), "middle")
    with pytest.raises(ValueError, match="the mask is empty"):
        simulate_clicks(np.zeros((5, 5), dtype=bool))


def test_three_clicks_are_inside_and_far_apart():
    points = np.array(simulate_clicks(bar()).xy_px)
    assert len(points) == 3
    assert bar()[points[:, 1].astype(int), points[:, 0].astype(int)].all()
    assert np.ptp(points[:, 0]) > 80


def test_a_trace_runs_along_the_object_and_slips_off_once():
    trace = simulate_trace(bar(), 0)
    pixels = np.floor(trace.xy_norm() * [120, 60]).astype(int)
    assert len(pixels) == 12
    assert (~bar()[pixels[:, 1], pixels[:, 0]]).sum() in (1, 2)
    inside = pixels[bar()[pixels[:, 1], pixels[:, 0]]]
    assert abs(np.corrcoef(np.arange(len(inside)), inside[:, 0])[0, 1]) > 0.95
    assert simulate_trace(bar(), 0) == trace
    assert simulate_trace(bar(), 1) != trace
    assert trace.parts_ms[0][:3] == (0, 80, 160)


def test_a_trace_of_a_full_frame_has_nowhere_to_slip():
    pixels = simulate_trace(np.ones((30, 40), dtype=bool)).xy_norm()
    assert ((pixels >= 0) & (pixels <= 1)).all()


def test_the_box_grows_by_a_tenth_and_is_clipped():
    assert simulate_box(bar()).xyxy_px == (4, 18, 116, 42)
    assert simulate_box(np.ones((10, 10), dtype=bool)).xyxy_px == (0, 0, 10, 10)
