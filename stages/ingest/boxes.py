"""Boxes in a table (CSV): a header, then one box a line.

``video,frame,object,x0,y0,x1,y1[,name][,expression]`` in pixels, half-open, or ``x,y,w,h``; a comma, semicolon or tab
separates. Common other names of the columns are understood. ``video`` may be left out when there is one video only;
``frame`` is a position, counted from 0, or the file name of a frame.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from schemas.localizations import Box, Localization
from stages.ingest.errors import IngestError
from stages.ingest.fields import did_you_mean, frame, number, shown
from stages.ingest.parsed import Parsed

GROUP = "objects"
COLUMNS = {
    "video": ("video", "video_id", "video_name", "sequence", "clip"),
    "frame": ("frame", "frame_idx", "frame_index", "frame_id", "frame_number"),
    "object": ("object", "object_id", "obj_id", "instance_id", "track_id", "id"),
    "name": ("name", "object_name", "class", "class_name", "category", "label"),
    "expression": ("expression", "caption", "description", "text"),
}
CORNERS = (("x0", "y0", "x1", "y1"), ("xmin", "ymin", "xmax", "ymax"), ("left", "top", "right", "bottom"),
           ("x1", "y1", "x2", "y2"))  # fmt: skip
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")
SIZES = (("x", "y", "w", "h"), ("x", "y", "width", "height"), ("left", "top", "width", "height"))


def is_header(line: str) -> bool:
    """Whether a line names the columns of a table of boxes, or nearly does (then :func:`parse` says what is wrong)."""
    known = {name for names in (*COLUMNS.values(), *CORNERS, *SIZES) for name in names}
    return not line.startswith(("{", "[")) and len(known & set(_cells(line))) >= 3


def parse(content: str, input_uri: str) -> Parsed:
    """One localization a line.

    Raises:
        IngestError: ``bad_header``, or ``malformed`` when this is not a table.
    """
    parsed = Parsed(input_uri)
    lines = io.StringIO(content.lstrip(), newline=None)
    header = _cells(first := next(lines))
    columns, delimiter = _columns(header), _delimiter(first)
    for line, row in _rows(lines, delimiter):
        with parsed.entry(f"{PurePosixPath(input_uri).name}:{line}"):
            cells = _row(row, header, is_comma=delimiter == ",")
            parsed.localizations.append(_read_row(cells, columns, parsed))
    return parsed


def _row(row: list[str], header: list[str], *, is_comma: bool) -> dict[str, str]:
    """The cells of a line by column; numbers may have a decimal comma where the comma separates no columns."""
    if len(row) < len(header):
        raise IngestError("malformed", f"the line has {len(row)} of {len(header)} columns")
    if any(cell.strip() for cell in row[len(header) :]):
        detail = (
            f"the line has {len(row)} columns, the header {len(header)}; quote text with commas, write 1.5, not 1,5"
        )
        raise IngestError("malformed", detail)
    cells = [cell.strip() for cell in row]
    if not is_comma:
        cells = [cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell) else cell for cell in cells]
    return dict(zip(header, cells, strict=False))


def _rows(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Non-empty rows below the header, with the number of the line that they end on."""
    rows = csv.reader(lines, delimiter=delimiter)
    try:
        yield from ((rows.line_num + 1, row) for row in rows if any(map(str.strip, row)))
    except csv.Error as problem:
        raise IngestError("malformed", f"line {rows.line_num + 1} is not valid CSV: {problem}") from None


def _read_row(row: Mapping[str, str], columns: Mapping[str, str], parsed: Parsed) -> Localization:
    a, b, c, d = (number(row[columns[side]], columns[side]) for side in ("left", "top", "right", "bottom"))
    box = require_in_image((a, b, a + c, b + d) if columns["kind"] == "size" else (a, b, c, d))
    idx, name = frame(row[columns["frame"]])
    return Localization(
        row.get(columns.get("video", ""), ""),
        row[columns["object"]],
        idx,
        box,
        row.get(columns.get("name", ""), ""),
        row.get(columns.get("expression", ""), ""),
        GROUP,
        "box",
        parsed.input_uri,
        name,
    )


def require_in_image(xyxy_px: tuple[float, float, float, float], size: tuple[float, float] | None = None) -> Box:
    """The box, unless it lies wholly outside the image; ``size`` is (width, height) when known."""
    x0, y0, x1, y1 = xyxy_px
    width, height = size or (float("inf"), float("inf"))
    if x1 <= 0 or y1 <= 0 or x0 >= width or y0 >= height:
        raise IngestError("outside_image", f"box {xyxy_px} lies outside the image")
    return Box(xyxy_px)


def _delimiter(header: str) -> str:
    return max(",;\t", key=header.count)


def _cells(header: str) -> list[str]:
    cells = (cell.strip().strip("\"'").strip().lower() for cell in header.split(_delimiter(header)))
    return [re.sub(r"[ -]+", "_", cell) for cell in cells]


def _columns(header: list[str]) -> dict[str, str]:
    """Which column holds what; ``kind`` says whether the box columns are corners or a size."""
    found = {
        role: next(name for name in names if name in header)
        for role, names in COLUMNS.items()
        if any(name in header for name in names)
    }
    sides = next((("corners", c) for c in CORNERS if set(c) <= set(header)), None) or next(
        (("size", c) for c in SIZES if set(c) <= set(header)), None
    )
    missing = [role for role in ("frame", "object") if role not in found] + (["x0,y0,x1,y1"] * (not sides))
    used = {*found.values(), *(sides[1] if sides else ())}
    wanted = [
        *missing,
        *(["video"] * ("video" not in found)),
        *(("x0", "y0", "x1", "y1", "w", "h") if not sides else ()),
    ]
    change = did_you_mean(wanted, [name for name in header if name not in used])
    if missing or sides is None or (change and "video" not in found):
        what = (
            f"column{'s' * (len(missing) > 1)} {', '.join(missing)} missing in"
            if missing
            else "no column 'video' is in"
        )
        raise IngestError(
            "bad_header",
            f"{what} the header {shown(','.join(header))}{change}; "
            "expected video,frame,object,x0,y0,x1,y1[,name][,expression]",
        )
    return {**found, "kind": sides[0], **dict(zip(("left", "top", "right", "bottom"), sides[1], strict=True))}
