"""The official checkpoints: what they are for, where they come from, and how they are known to be whole.

Sizes and checksums are pinned only where they are known for certain. The six hex digits in a Segment Anything file
name are the head of the file's MD5; its SHA-256 stands in many public tools that check it (micro-sam, the 3D Slicer
extension), as do the sizes. Cutie's own download script states one MD5, that of the base model. Meta publishes no
checksum of SAM 2.1; its sizes and SHA-256 stand alike in public records of many people who fetched the files.

What transformers reads from the Hugging Face hub is a folder of files: see :class:`HubModel`.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.checks import require_choice

_SAM = "https://dl.fbaipublicfiles.com/segment_anything/"
_CUTIE = "https://github.com/hkchengrex/Cutie/releases/download/v1.0/"
_SAM2 = "https://dl.fbaipublicfiles.com/segment_anything_2/092824/sam2.1_hiera_"
_BOTH = ("segmenter", "propagator")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One file of weights.

    Attributes:
        name: registry key of the backend that needs it.
        tasks: ``segmenter``, ``propagator`` or both.
        url: the official address.
        license: SPDX name under which its authors publish it.
        n_bytes: exact size, or None where it is not known for certain.
        sha256: hex digest, or empty where none is known for certain.
        md5: hex digest where only that is published. Without either, the first fetch records the SHA-256.
    """

    name: str
    tasks: tuple[str, ...]
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
        ("segmenter",),
        _SAM + "sam_vit_b_01ec64.pth",
        "Apache-2.0",
        375_042_383,
        sha256="ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912",
    ),
    Checkpoint(
        "sam_vit_l",
        ("segmenter",),
        _SAM + "sam_vit_l_0b3195.pth",
        "Apache-2.0",
        1_249_524_607,
        sha256="3adcc4315b642a4d2101128f611684e8734c41232a17c648ed1693702a49a622",
    ),
    Checkpoint(
        "sam_vit_h",
        ("segmenter",),
        _SAM + "sam_vit_h_4b8939.pth",
        "Apache-2.0",
        2_564_550_879,
        sha256="a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e",
    ),
    Checkpoint(
        "cutie_base",
        ("propagator",),
        _CUTIE + "cutie-base-mega.pth",
        "MIT",
        140_443_788,
        md5="a6071de6136982e396851903ab4c083a",
    ),
    Checkpoint("cutie_small", ("propagator",), _CUTIE + "cutie-small-mega.pth", "MIT"),
    Checkpoint(
        "sam2.1_tiny",
        _BOTH,
        _SAM2 + "tiny.pt",
        "Apache-2.0",
        156_008_466,
        sha256="7402e0d864fa82708a20fbd15bc84245c2f26dff0eb43a4b5b93452deb34be69",
    ),
    Checkpoint(
        "sam2.1_small",
        _BOTH,
        _SAM2 + "small.pt",
        "Apache-2.0",
        184_416_285,
        sha256="6d1aa6f30de5c92224f8172114de081d104bbd23dd9dc5c58996f0cad5dc4d38",
    ),
    Checkpoint(
        "sam2.1_base_plus",
        _BOTH,
        _SAM2 + "base_plus.pt",
        "Apache-2.0",
        323_606_802,
        sha256="a2345aede8715ab1d5d31b4a509fb160c5a4af1970f199d9054ccfb746c004c5",
    ),
    Checkpoint(
        "sam2.1_large",
        _BOTH,
        _SAM2 + "large.pt",
        "Apache-2.0",
        898_083_611,
        sha256="2647878d5dfa5098f2f8649825738a9345572bae2d4350a2468587ece47dd318",
    ),
)

CHECKPOINTS = {checkpoint.name: checkpoint for checkpoint in _ALL}
"""By name of the backend."""


@dataclass(frozen=True, slots=True)
class HubModel:
    """A folder of files on the Hugging Face hub, as transformers reads it.

    The hub states the SHA-256 of every large file at every revision. The first fetch records the revision that it
    found, and the same revision is fetched again from then on.

    Attributes:
        name: registry key of the backend that needs it.
        tasks: options that take it: ``segmenter``, ``propagator``, ``localizer``.
        repo: id on the hub.
        license: SPDX name, or the hub's name of it.
        is_gated: its authors ask for consent to their terms first.
    """

    name: str
    tasks: tuple[str, ...]
    repo: str
    license: str
    is_gated: bool = False

    @property
    def url(self) -> str:
        """Its page."""
        return f"https://huggingface.co/{self.repo}"


_LOCALIZER = ("localizer",)
_HUB = (
    HubModel("edgetam", _BOTH, "yonigozlan/EdgeTAM-hf", "Apache-2.0"),
    HubModel("sam3_tracker", _BOTH, "facebook/sam3", "SAM License", is_gated=True),
    HubModel("sam3_text", _LOCALIZER, "facebook/sam3", "SAM License", is_gated=True),
    HubModel("grounding_dino", _LOCALIZER, "IDEA-Research/grounding-dino-tiny", "Apache-2.0"),
    HubModel("owlv2", _LOCALIZER, "google/owlv2-base-patch16-ensemble", "Apache-2.0"),
)
HUB_MODELS = {model.name: model for model in _HUB}
"""By name of the backend."""
WEIGHTS: dict[str, Checkpoint | HubModel] = {**CHECKPOINTS, **HUB_MODELS}
"""All that can be fetched, by name of the backend."""


def checkpoint_named(name: str) -> Checkpoint:
    """The checkpoint called ``name``.

    Raises:
        ValueError: there is none; the message names those that there are.
    """
    require_choice("checkpoint", name, tuple(CHECKPOINTS))
    return CHECKPOINTS[name]
