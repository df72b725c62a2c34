"""Import this before a table is read or written, and pyarrow does without pandas.

It would import pandas, where that is installed, to tell its arrays from others: a third of a second of every command.
It looks once, and remembers that there was none; tables can be turned into data frames all the same.
"""

from __future__ import annotations

from stages.blocked_imports import blocking_imports

with blocking_imports("pandas"):
    import pyarrow

    pyarrow.array([0])
