import json

from pipeline.progress import Heartbeat, Watch


def see(beat, decoded=0, final=()):
    """Frames that the file says once so much is done."""
    for _ in range(decoded):
        beat.decoded()
    for frame_idx in final:
        beat.final(frame_idx)
    beat._written = 0.0
    beat._beat()
    return json.loads(beat.path.read_text())["frames"]


def test_a_frame_counts_half_when_decoded_and_half_when_its_masks_are_final(tmp_path):
    beat = Heartbeat(tmp_path / "1.json")
    assert see(beat, decoded=8) == 4
    assert see(beat, final=(3, 3, 2)) == 5


def test_where_a_video_is_walked_several_times_every_pass_is_a_part_of_it(tmp_path):
    beat = Heartbeat(tmp_path / "1.json")
    beat.start(2)
    assert see(beat, decoded=10, final=range(10)) == 5
    assert see(beat, decoded=10, final=range(10)) == 10


def test_finished_videos_and_those_in_work_add_up(tmp_path):
    watch = Watch(tmp_path)
    watch.finish("a", 10, 2)
    see(Heartbeat(tmp_path / "1.json"), decoded=8)
    (tmp_path / "2.json").write_text("{")
    assert watch.frames() == 14


def test_the_end_of_a_video_takes_its_frames_off_the_board(tmp_path):
    beat = Heartbeat(tmp_path / "1.json")
    see(beat, decoded=8)
    beat.end()
    assert Watch(tmp_path).frames() == 0
