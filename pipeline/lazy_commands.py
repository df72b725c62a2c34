"""Sub-commands that are imported when they are run, so that ``pointvos --help`` is there at once."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True, slots=True)
class LazyCommand:
    """Where a sub-command is.

    Attributes:
        module: that holds it.
        attribute: its function there, or its ``typer.Typer`` if it has sub-commands of its own.
        summary: its line in the list of commands, the first of its own help.
        takes_more: it takes arguments of others behind its own.
    """

    module: str
    attribute: str
    summary: str
    takes_more: bool = False

    def load(self, name: str) -> Any:
        """Import it; returns a command of Typer's."""
        gc.disable()  # modules are no garbage, and to look for it takes a fifth of the time
        found = getattr(importlib.import_module(self.module), self.attribute)
        gc.freeze()
        gc.enable()
        holder = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="markdown")
        if isinstance(found, typer.Typer):
            holder.add_typer(found, name=name)
            return typer.main.get_group(holder).commands[name]
        holder.command(name, context_settings={"allow_extra_args": self.takes_more})(found)
        return typer.main.get_command(holder)


class _Loaded(Mapping[str, Any]):
    """Commands by name, imported when they are looked up."""

    def __init__(self, table: Mapping[str, LazyCommand]) -> None:
        self._table = table
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = self._table[name].load(name)
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in self._table

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


class LazyGroup(TyperGroup):
    """A group of :class:`LazyCommand` records, which a subclass holds as ``table``."""

    table: ClassVar[Mapping[str, LazyCommand]] = {}

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands: Any = _Loaded(self.table)
        self._is_listing = False

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A sub-command, imported now; for the list of commands only its name and summary."""
        if self._is_listing:
            return TyperCommand(cmd_name, help=self.table[cmd_name].summary)
        return super().get_command(ctx, cmd_name)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help without importing any sub-command."""
        self._is_listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._is_listing = False
