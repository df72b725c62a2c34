import json

from pipeline.progress import Heartbeat, Watch


def test_a_frame_counts_half_when_decoded_and_half_when_its_masks_are_final(tmp_path):
    beat = Heartbeat(tmp_path / "1.json")
    beat.decoded(8)
    assert json.loads((tmp_path / "1.json").read_text()) == {"frames": 4}
    beat._written = 0.0
    for frame_idx in (3, 3, 2):
        beat.final(frame_idx)
        beat._written = 0.0
    assert json.loads((tmp_path / "1.json").read_text()) == {"frames": 5}


def test_finished_videos_and_those_in_work_add_up(tmp_path):
    watch = Watch(tmp_path)
    watch.finish("a", 10, 2)
    Heartbeat(tmp_path / "1.json").decoded(8)
    (tmp_path / "2.json").write_text("{")
    assert watch.frames() == 14


def test_the_end_of_a_video_takes_its_frames_off_the_board(tmp_path):
    beat = Heartbeat(tmp_path / "1.json")
    beat.decoded(8)
    beat.end()
    assert Watch(tmp_path).frames() == 0
