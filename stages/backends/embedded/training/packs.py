"""Packs: ``.npz`` files of small pictures with masks.

``img`` holds image files one after the other, which ``off`` (n + 1) cuts; ``hw`` (n, 2) their sizes; ``src`` (n,) an
index into ``names``; ``val`` (n,) whether a picture is held out; ``key`` (n,) its name. ``mask`` is an LZMA stream of
bits: mask j of picture ``mi[j]`` begins at byte ``mo[j]``, row by row, each row XORed with the one above. A pack
without ``img`` holds masks of parts of objects in pictures of other packs, by their ``keys``.
"""

from __future__ import annotations

import lzma
import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.masks import encode_rle
from stages.backends.embedded.training.pictures import Picture, Target

Arrays = dict[str, NDArray[Any]]


def read_packs(paths: Sequence[Path], left_out: Collection[str] = ()) -> list[Picture]:
    """The pictures of packs, in their order.

    Args:
        paths: packs; those with pictures are read first.
        left_out: names of sources that are not used.

    Raises:
        ValueError: a file is not a pack, or a name in ``left_out`` is not a source; the message names it.
    """
    packs = [(path, _read(path)) for path in sorted(paths)]
    known = {str(name) for _, pack in packs for name in pack.get("names", ())}
    if unknown := sorted(set(left_out) - known):
        raise ValueError(f"unknown source {unknown[0]!r}; the packs have: {', '.join(sorted(known))}")
    pictures: dict[str, Picture] = {}
    for path, pack in packs:
        if "img" in pack:
            pictures |= {f"{path.name}/{picture.key}": picture for picture in _pictures(path, pack, left_out)}
    for path, pack in packs:
        if "img" not in pack:
            _add_masks(path, pack, pictures)
    return [picture for picture in pictures.values() if picture.targets]


def _read(path: Path) -> Arrays:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as opened:
            pack = {name: opened[name] for name in opened.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as problem:
        raise ValueError(f"{path} cannot be read as a pack: {problem}") from None
    wanted = {"mask", "mo", "mi"} | ({"off", "hw", "src", "names", "val", "key"} if "img" in pack else {"keys"})
    if missing := sorted(wanted - pack.keys()):
        raise ValueError(f"{path} is not a pack of pictures and masks: it has no {', '.join(missing)}")
    return pack


def _pictures(path: Path, pack: Arrays, left_out: Collection[str]) -> list[Picture]:
    sizes = pack["hw"]
    targets: dict[int, list[Target]] = {}
    for number, mask in _masks(path, pack, dict(enumerate(sizes.tolist()))):
        targets.setdefault(number, []).append(mask)
    found = []
    for i, (height, width) in enumerate(sizes.tolist()):
        source = str(pack["names"][pack["src"][i]])
        if source not in left_out:
            encoded = pack["img"][pack["off"][i] : pack["off"][i + 1]].tobytes()
            own = tuple(targets.get(i, ()))
            found.append(Picture(str(pack["key"][i]), source, encoded, height, width, own, bool(pack["val"][i])))
    return found


def _add_masks(path: Path, pack: Arrays, pictures: dict[str, Picture]) -> None:
    by_key = {picture.key: name for name, picture in pictures.items()}
    names = {i: by_key[str(key)] for i, key in enumerate(pack["keys"]) if str(key) in by_key}
    sizes = {i: (pictures[name].height, pictures[name].width) for i, name in names.items()}
    for number, target in _masks(path, pack, sizes):
        old = pictures[names[number]]
        pictures[names[number]] = replace(old, targets=(*old.targets, replace(target, is_part=True)))


def _masks(path: Path, pack: Arrays, sizes: Mapping[int, Sequence[int]]) -> list[tuple[int, Target]]:
    """(number of the picture, mask) for the pictures whose sizes are known."""
    try:
        stream = np.frombuffer(lzma.decompress(pack["mask"].tobytes()), dtype=np.uint8)
        found = []
        for j, number in enumerate(pack["mi"].tolist()):
            if number in sizes:
                height, width = sizes[number]
                bits = np.unpackbits(stream[pack["mo"][j] : pack["mo"][j + 1]], count=height * width)
                rows = np.bitwise_xor.accumulate(bits.reshape(height, width), axis=0)
                found.append((number, Target(encode_rle(rows.astype(bool)))))
    except (lzma.LZMAError, ValueError, IndexError) as problem:
        raise ValueError(f"{path} is damaged: {problem}") from None
    return found
