"""The official checkpoints: what they are for, where they come from, and how they are known to be whole.

Sizes and checksums are pinned only where they are known for certain. The six hex digits in a Segment Anything file
name are the head of the file's MD5; its SHA-256 stands in many public tools that check it (micro-sam, the 3D Slicer
extension), as do the sizes. Cutie's own download script states one MD5, that of the base model.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.checks import require_choice

_SAM = "https://dl.fbaipublicfiles.com/segment_anything/"
_CUTIE = "https://github.com/hkchengrex/Cutie/releases/download/v1.0/"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One file of weights.

    Attributes:
        name: registry key of the backend that needs it.
        task: ``segmenter`` or ``propagator``.
        url: the official address.
        license: SPDX name under which its authors publish it.
        n_bytes: exact size, or None where it is not known for certain.
        sha256: hex digest, or empty where none is known for certain.
        md5: hex digest where only that is published. Without either, the first fetch records the SHA-256.
    """

    name: str
    task: str
    url: str
    license: str
    n_bytes: int | None = None
    sha256: str = ""
    md5: str = ""

    @property
    def file_name(self) -> str:
        """Last part of the address."""
        return self.url.rsplit("/", maxsplit=1)[-1]

    @property
    def is_pinned(self) -> bool:
        """A checksum is known, so that a file can be told from every other."""
        return bool(self.sha256 or self.md5)

    def is_verified(self, source: str) -> bool:
        """Whether a file that came from ``source`` is known to be the official one."""
        return self.is_pinned or source == self.url


_ALL = (
    Checkpoint(
        "sam_vit_b",
        "segmenter",
        _SAM + "sam_vit_b_01ec64.pth",
        "Apache-2.0",
        375_042_383,
        sha256="ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912",
    ),
    Checkpoint(
        "sam_vit_l",
        "segmenter",
        _SAM + "sam_vit_l_0b3195.pth",
        "Apache-2.0",
        1_249_524_607,
        sha256="3adcc4315b642a4d2101128f611684e8734c41232a17c648ed1693702a49a622",
    ),
    Checkpoint(
        "sam_vit_h",
        "segmenter",
        _SAM + "sam_vit_h_4b8939.pth",
        "Apache-2.0",
        2_564_550_879,
        sha256="a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e",
    ),
    Checkpoint(
        "cutie_base",
        "propagator",
        _CUTIE + "cutie-base-mega.pth",
        "MIT",
        140_443_788,
        md5="a6071de6136982e396851903ab4c083a",
    ),
    Checkpoint("cutie_small", "propagator", _CUTIE + "cutie-small-mega.pth", "MIT"),
)

CHECKPOINTS = {checkpoint.name: checkpoint for checkpoint in _ALL}
"""By name of the backend."""


def checkpoint_named(name: str) -> Checkpoint:
    """The checkpoint called ``name``.

    Raises:
        ValueError: there is none; the message names those that there are.
    """
    require_choice("checkpoint", name, tuple(CHECKPOINTS))
    return CHECKPOINTS[name]
