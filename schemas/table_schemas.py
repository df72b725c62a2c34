"""The columns of every table; field names of a record are the column names of its table."""

from __future__ import annotations

import pyarrow as pa

_s, _i, _f, _b = pa.string(), pa.int32(), pa.float64(), pa.bool_()

VIDEOS_SCHEMA = pa.schema(
    [
        ("video_id", _s), ("uri", _s), ("n_frames", _i), ("height", _i), ("width", _i), ("fps", _f),
        ("duration_s", _f), ("codec", _s), ("rotation_deg", _i), ("n_objects", _i), ("truncated", _b),
        ("times_s", pa.list_(_f)), ("cuts", pa.list_(_i)), ("unit", _s),
        ("frame_names", pa.list_(_s)), ("lost", pa.list_(_i)),
    ]
)  # fmt: skip
LOCALIZATIONS_SCHEMA = pa.schema(
    [
        ("video_id", _s), ("object_id", _s), ("frame_idx", _i), ("kind", _s), ("x", pa.list_(_f)), ("y", pa.list_(_f)),
        ("label", pa.list_(pa.int8())), ("part", pa.list_(_i)), ("time_ms", pa.list_(pa.int64())), ("rle", _s),
        ("object_name", _s), ("expression", _s), ("group", _s), ("rule", _s), ("input_uri", _s),
        ("noun_span", pa.list_(_i)),
    ]
)  # fmt: skip
MASKS_SCHEMA = pa.schema(
    [
        ("video_id", _s), ("object_id", _s), ("frame_idx", _i), ("height", _i), ("width", _i), ("rle", _s),
        ("source", _s), ("model", _s), ("quality", _f), ("round", _i),
    ]
)  # fmt: skip
SUPERSEDED_SCHEMA = MASKS_SCHEMA.append(pa.field("until_round", _i))
CORRECTIONS_SCHEMA = pa.schema(
    [
        ("video_id", _s), ("object_id", _s), ("frame_idx", _i), ("kind", _s), ("round", _i), ("x", pa.list_(_f)),
        ("y", pa.list_(_f)), ("label", pa.list_(pa.int8())), ("to_round", _i), ("box_px", pa.list_(_f)),
    ]
)  # fmt: skip
FLAGS_SCHEMA = pa.schema(
    [("video_id", _s), ("object_id", _s), ("frame_idx", _i), ("reason", _s), ("n_points", _i), ("n_wrong", _i)]
)
REPAIRS_SCHEMA = pa.schema(
    [
        ("video_id", _s), ("object_id", _s), ("frame_idx", _i), ("occasion", _s), ("model", _s), ("own_quality", _f),
        ("support", _f), ("new_quality", _f), ("new_support", _f), ("agreement", _f), ("balance", _f), ("outcome", _s),
    ]
)  # fmt: skip
CANDIDATES_SCHEMA = pa.schema(
    [
        ("candidate_id", _s), ("video_id", _s), ("object_id", _s), ("frame_idx", _i), ("x", _i), ("y", _i),
        ("is_fg_candidate", _b), ("stratum", _s), ("probability", _f), ("mask_distance_px", _f), ("quality", _f),
        ("round", _i), ("seed", pa.int64()),
    ]
)  # fmt: skip
TASKS_SCHEMA = pa.schema(
    [
        ("task_key", _s), ("video_id", _s), ("object_id", _s), ("frame_idx", _i), ("round", _i), ("design", _s),
        ("candidate_ids", pa.list_(_s)), ("priority", _f),
    ]
)  # fmt: skip
VERDICTS_SCHEMA = pa.schema(
    [
        ("candidate_id", _s), ("status", _s), ("annotator", _s), ("source", _s), ("lead_time_s", _f),
        ("task_key", _s), ("annotation_id", _s), ("decided_at", pa.timestamp("us", tz="UTC")),
        ("flag", _s), ("note", _s), ("entered_by", _s),
    ]
)  # fmt: skip
SKIPS_SCHEMA = pa.schema(
    [
        ("task_key", _s), ("annotator", _s), ("annotation_id", _s), ("lead_time_s", _f),
        ("decided_at", pa.timestamp("us", tz="UTC")),
    ]
)  # fmt: skip
POINTS_SCHEMA = pa.schema(
    [
        ("video_id", _s), ("object_id", _s), ("object_name", _s), ("expression", _s), ("frame_idx", _i),
        ("time_s", _f), ("x", _i), ("y", _i), ("label", pa.int8()), ("status", _s), ("is_fg_candidate", _b),
        ("split", _s), ("segmenter", _s), ("propagator", _s), ("round", _i), ("n_verdicts", _i), ("candidate_id", _s),
        ("decided_by", _s),
    ]
)  # fmt: skip
GOLD_SCHEMA = pa.schema(
    [("candidate_id", _s), ("of_candidate_id", _s), ("is_fg_candidate", _b), ("true_status", _s), ("known_by", _s)]
)
REJECTS_SCHEMA = pa.schema([("stage", _s), ("key", _s), ("error", _s), ("detail", _s), ("input_uri", _s)])
SPLITS_SCHEMA = pa.schema([("video_id", _s), ("split", _s), ("group", _s), ("rule", _s), ("alike", pa.list_(_s))])
FINGERPRINTS_SCHEMA = pa.schema(
    [("video_id", _s), ("sha256", _s), ("frames", pa.binary()), ("views", pa.binary()), ("is_of_source", _b)]
)
PROVENANCE_SCHEMA = pa.schema([("video_id", _s), ("source", _s), ("licence", _s), ("url", _s)])
