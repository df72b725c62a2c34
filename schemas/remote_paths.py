"""Paths in an object store, used like those of :mod:`pathlib`, as far as a run folder needs it.

An object store has no folders: an object's name may hold slashes, and a folder is there as soon as an object is below
it. A remote path is no ``os.PathLike``, so that nothing takes it for a local file by mistake.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Protocol, TypeAlias

_IN_MEMORY_BYTES = 1 << 24
"""Of a file that is written; a larger one waits on disk."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What a store says of an object, in the words of :class:`os.stat_result`.

    Attributes:
        address: ``scheme://bucket/name``.
        st_size: bytes.
        st_mtime: seconds of the epoch by the store's clock when it was written last.
    """

    address: str
    st_size: int
    st_mtime: float

    @property
    def st_mtime_ns(self) -> int:
        """The same in nanoseconds."""
        return int(self.st_mtime * 1e9)


class ObjectStore(Protocol):
    """Whole objects by their addresses. Every method raises an OSError that names the address."""

    def exists(self, address: str) -> bool:
        """Whether there is such an object."""
        ...

    def below(self, prefix: str) -> Sequence[StoredObject]:
        """All objects whose addresses begin with ``prefix``, by address."""
        ...

    def read(self, address: str) -> bytes:
        """The whole object."""
        ...

    def open(self, address: str) -> BinaryIO:
        """The object, seekable, to read parts of it."""
        ...

    def put(self, address: str, content: BinaryIO) -> None:
        """Write an object, whole or not at all, replacing an existing one."""
        ...

    def delete(self, addresses: Sequence[str]) -> None:
        """Remove objects; one that is not there is removed already."""
        ...


@dataclass(frozen=True, slots=True, order=True)
class RemotePath:
    """An object, or a folder of objects.

    Attributes:
        address: ``scheme://bucket/name``, without a slash at its end.
        store: where it lies.
    """

    address: str
    store: ObjectStore = field(compare=False, repr=False)

    def __str__(self) -> str:
        return self.address

    def __truediv__(self, name: str | PurePosixPath) -> RemotePath:
        return self.joinpath(str(name))

    def joinpath(self, *names: str) -> RemotePath:
        """The path below this one."""
        return RemotePath("/".join((self.address, *names)), self.store)

    @property
    def name(self) -> str:
        """The last part."""
        return self.address.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """The last part without its extension."""
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        """The extension with its dot."""
        return PurePosixPath(self.name).suffix

    @property
    def parent(self) -> RemotePath:
        """The folder."""
        return RemotePath(self.address.rpartition("/")[0], self.store)

    def with_name(self, name: str) -> RemotePath:
        """Another object of the same folder."""
        return self.parent / name

    def relative_to(self, other: RemotePath) -> PurePosixPath:
        """The path as seen from the folder ``other``.

        Raises:
            ValueError: it is not below that.
        """
        if not self.address.startswith(f"{other.address}/"):
            raise ValueError(f"{self} is not below {other}")
        return PurePosixPath(self.address.removeprefix(f"{other.address}/"))

    def is_file(self) -> bool:
        """Whether there is an object of this name."""
        return self.store.exists(self.address)

    def exists(self) -> bool:
        """The same: a folder is not there by itself."""
        return self.is_file()

    def is_dir(self) -> bool:
        """Whether an object is below this path."""
        return bool(self.store.below(f"{self.address}/"))

    def stat(self) -> StoredObject:
        """Size and time of the object.

        Raises:
            FileNotFoundError: there is none.
        """
        for found in self.store.below(self.address):
            if found.address == self.address:
                return found
        raise FileNotFoundError(2, "there is no object", self.address)

    def glob(self, pattern: str) -> Iterator[RemotePath]:
        """The objects directly in this folder whose names match a pattern without slashes."""
        return (path for path in self.rglob(pattern) if path.parent == self)

    def rglob(self, pattern: str) -> Iterator[RemotePath]:
        """The objects below this folder whose last parts match a pattern."""
        found = (RemotePath(o.address, self.store) for o in self.store.below(f"{self.address}/"))
        return (path for path in found if fnmatchcase(path.name, pattern))

    def open(self, mode: str = "rb") -> BinaryIO:
        """The object, of which only the parts that are read are fetched.

        Raises:
            ValueError: it is opened for anything but reading bytes.
        """
        if mode != "rb":
            raise ValueError(f"{self} is opened for {mode!r}; an object is read as bytes and written as a whole")
        return self.store.open(self.address)

    def read_bytes(self) -> bytes:
        """The whole object."""
        return self.store.read(self.address)

    def read_text(self, encoding: str = "utf-8") -> str:
        """The whole object as text."""
        return self.read_bytes().decode(encoding)

    @contextmanager
    def written_whole(self) -> Iterator[BinaryIO]:
        """A file to write, which is sent when the block ends well: the object is whole or stays what it was."""
        with SpooledTemporaryFile(_IN_MEMORY_BYTES) as file:
            yield file  # type: ignore[misc]
            file.seek(0)
            self.store.put(self.address, file)  # type: ignore[arg-type]

    def unlink(self, missing_ok: bool = False) -> None:
        """Remove the object; a store does not say whether it was there."""
        self.store.delete([self.address])

    def unlink_all(self, paths: Iterable[RemotePath]) -> None:
        """Remove many objects of the same store."""
        self.store.delete([path.address for path in paths])

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        """Do nothing: a folder is there when an object is."""

    def absolute(self) -> RemotePath:
        """The path itself; an address begins at the root."""
        return self

    def resolve(self) -> RemotePath:
        """The path itself; a store has no links."""
        return self


AnyPath: TypeAlias = Path | RemotePath
"""A file or folder of a run, on this machine or in an object store."""
