"""``croissant.json``: what the files and columns of an export are, for tools that read Croissant.

Source: https://docs.mlcommons.org/croissant/docs/croissant-spec.html, version 1.0
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pyarrow as pa

Json = dict[str, object]

FILE = "croissant.json"
_TERMS = (
    "citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject", "fileSet", "format",
    "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex",
    "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform",
)  # fmt: skip
_CONTEXT: Json = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS},
}


def document(name: str, description: str, licences: Sequence[str], sets: Mapping[str, tuple[str, pa.Schema]]) -> bytes:
    """The whole document.

    Args:
        name: of the dataset.
        description: in a sentence.
        licences: of its videos.
        sets: name of a set of records → pattern of its Parquet files, and their schema.
    """
    found = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": name,
        "description": description,
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "license": licences[0] if len(licences) == 1 else list(licences),
        "distribution": [_files(key, pattern) for key, (pattern, _) in sets.items()],
        "recordSet": [_records(key, schema) for key, (_, schema) in sets.items()],
    }
    return json.dumps(found, indent=1, ensure_ascii=False).encode("utf-8", "backslashreplace")


def _files(key: str, pattern: str) -> Json:
    return {
        "@type": "cr:FileSet",
        "@id": f"{key}-files",
        "name": f"{key}-files",
        "encodingFormat": "application/x-parquet",
        "includes": pattern,
    }


def _records(key: str, schema: pa.Schema) -> Json:
    fields = [_column(key, field) for field in schema]
    return {"@type": "cr:RecordSet", "@id": key, "name": key, "field": fields}


def _column(key: str, field: pa.Field) -> Json:
    own: Json = {"@type": "cr:Field", "@id": f"{key}/{field.name}", "name": field.name}
    if field.name == "image":
        return {**own, "dataType": "sc:ImageObject", "source": _source(key, field.name, "bytes")}
    if pa.types.is_list(field.type) and pa.types.is_struct(field.type.value_type):
        inner = [_part(key, field, part) for part in field.type.value_type]
        return {**own, "repeated": True, "subField": inner}
    return {**own, **_kind(field.type), "source": _source(key, field.name)}


def _part(key: str, field: pa.Field, part: pa.Field) -> Json:
    return {
        "@type": "cr:Field",
        "@id": f"{key}/{field.name}/{part.name}",
        "name": part.name,
        **_kind(part.type),
        "source": _source(key, field.name, part.name),
    }


def _source(key: str, column: str, path: str = "") -> Json:
    found: Json = {"fileSet": {"@id": f"{key}-files"}, "extract": {"column": column}}
    return {**found, "transform": {"jsonPath": path}} if path else found


def _kind(kind: pa.DataType) -> Json:
    if pa.types.is_list(kind):
        return {**_kind(kind.value_type), "repeated": True}
    if pa.types.is_boolean(kind):
        return {"dataType": "sc:Boolean"}
    if pa.types.is_integer(kind):
        return {"dataType": "cr:Int64"}
    return {"dataType": "cr:Float64" if pa.types.is_floating(kind) else "sc:Text"}
