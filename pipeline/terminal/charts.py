"""Bars and maps made of characters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from pipeline.terminal.console import console, styled

_SHADES = " ·░▒▓█"
_BAR_CELLS = 30
_EIGHTHS = " ▏▎▍▌▋▊▉"


def show_bars(title: str, counts: Mapping[str, int]) -> None:
    """Print counts with a bar each, the longest one for the highest count; nothing when all are zero."""
    if not any(counts.values()):
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    most = max(counts.values())
    for name, count in counts.items():
        table.add_row(name, f"{count:,}", bar_of(count, most))
    console.print(styled(title, "bold"))
    console.print(table)


def bar_of(count: int, most: int, cells: int = _BAR_CELLS) -> str:
    """A bar of at most ``cells`` characters, to an eighth of one; what is not zero can be seen.

    >>> bar_of(4, 8, 4), bar_of(1, 1000, 4), bar_of(0, 8, 4)
    ('██', '▏', '')
    """
    eighths = max(round(8 * cells * count / most), int(count > 0)) if most else 0
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def show_map(title: str, cells: Sequence[Sequence[int]]) -> None:
    """Print a map in a frame: the darker a cell, the more; two characters a cell, which look about square."""
    console.print(styled(title, "bold"))
    width = 2 * len(cells[0])
    console.print("┌" + "─" * width + "┐")
    for row in map_rows(cells):
        console.print(f"│{row}│")
    console.print("└" + "─" * width + "┘")


def map_rows(cells: Sequence[Sequence[int]]) -> list[str]:
    """The lines of a map.

    >>> map_rows([[0, 1], [5, 10]])
    ['  ··', '▒▒██']
    """
    most = max((max(row) for row in cells), default=0)
    return ["".join(_shade(cell, most) * 2 for cell in row) for row in cells]


def _shade(count: int, most: int) -> str:
    """Blank means none at all."""
    return _SHADES[-(-count * (len(_SHADES) - 1) // most)] if count else _SHADES[0]
