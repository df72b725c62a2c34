"""Where pictures and details go: into the page while they are few, else into files beside it.

Files beside the page are named by what they hold, so a page always finds its own ones, whatever is written beside it at
the same time, and a picture that is there already is not drawn again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from schemas.digests import digest
from schemas.remote_paths import AnyPath
from schemas.whole_files import left_behind, write_whole
from stages.report.payload import script_safe
from stages.report.pictures import data_uri

PICTURES, DETAILS = "pictures", "data"
OBJECTS_A_FILE = 100


@dataclass(slots=True)
class ReportFiles:
    """What belongs to a page.

    Attributes:
        folder: of the page.
        is_embedded: everything is in the page.
        pictures: data URIs by name, of a page that embeds them.
        details: all chunks of such a page.
        names: pictures that the page shows.
        chunks: addresses of the files of details, in order.
    """

    folder: AnyPath
    is_embedded: bool
    pictures: dict[str, str] = field(default_factory=dict)
    details: list[list[Any]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    chunks: list[str] = field(default_factory=list)
    _open: list[Any] = field(default_factory=list)

    def has(self, name: str) -> bool:
        """Whether a picture is there."""
        if name in self.names:
            return True
        is_there = not self.is_embedded and self._picture(name).is_file()
        if is_there:
            self.names.add(name)
        return is_there

    def add(self, name: str, make: Callable[[], bytes]) -> None:
        """Keep a picture; it is made unless it is there."""
        if self.has(name):
            return
        self.names.add(name)
        if self.is_embedded:
            self.pictures[name] = data_uri(make())
        else:
            write_whole(self._picture(name), make(), is_synced=False)

    def add_details(self, detail: Any) -> tuple[int, int]:
        """Keep the details of an object; where they are: number of the chunk, place in it."""
        self._open.append(detail)
        where = (len(self.details) if self.is_embedded else len(self.chunks), len(self._open) - 1)
        if len(self._open) == OBJECTS_A_FILE:
            self.close_chunk()
        return where

    def close_chunk(self) -> None:
        """Write the details that are held; call it once more at the end."""
        if not self._open:
            return
        if self.is_embedded:
            self.details.append(list(self._open))
        else:
            content = f"pointvosReport.take({len(self.chunks)},{script_safe(self._open)});\n"
            name = f"{DETAILS}/{digest(content)}.js"
            write_whole(self.folder / DETAILS / name.rpartition("/")[2], content.encode("ascii"), is_synced=False)
            self.chunks.append(name)
        self._open.clear()

    def remove_others(self) -> None:
        """Remove what earlier pages left; call it when the new page stands."""
        pictures = set() if self.is_embedded else {f"{name}.jpg" for name in self.names}
        self._remove(PICTURES, pictures, "*.jpg")
        self._remove(DETAILS, {name.rpartition("/")[2] for name in self.chunks}, "*.js")

    def _remove(self, folder: str, kept: Collection[str], pattern: str) -> None:
        place = self.folder / folder
        for path in (*place.glob(pattern), *left_behind(place)):
            if path.name not in kept:
                path.unlink(missing_ok=True)

    def _picture(self, name: str) -> AnyPath:
        return self.folder / PICTURES / f"{name}.jpg"
