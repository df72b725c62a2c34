from __future__ import annotations

from pipeline.commands.review.push import copy_pictures
from pipeline.commands.review.session import ReviewSession
from pipeline.runs.folder import RunFolder

PICTURES = ("ab/one-s.jpg", "ab/one-f.jpg", "clips/clip.mp4", "references/reference.jpg")


def test_pictures_are_copied_folder_by_folder_and_none_twice(s3, tmp_path):
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    run.config_file.write_text("{run_id: a, config_hash: b, review_media: {place: 's3://bucket/media'}}")
    session = ReviewSession(run)
    for name in (*PICTURES, "ab/cut-off.tmp"):
        path = session.media / "queue" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
    copy_pictures(session)
    prefix = "media/queue/"
    first = s3.list_objects_v2(Bucket="bucket", Prefix=prefix)["Contents"]
    assert sorted(one["Key"].removeprefix(prefix) for one in first) == sorted(PICTURES)
    s3.put_object(Bucket="bucket", Key=prefix + PICTURES[0], Body=PICTURES[0].upper().encode())
    copy_pictures(session)
    there = s3.get_object(Bucket="bucket", Key=prefix + PICTURES[0])["Body"].read()
    assert there == PICTURES[0].upper().encode(), "of this size already"
