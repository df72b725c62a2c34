"""Import this before Beam, and Beam's type hints do without pandas.

Beam imports pandas where it is installed (label-studio-sdk brings it), for hints that are not used here; that takes
every worker memory and time. A name that is None in ``sys.modules`` cannot be imported (The import system, 5.3.1).
"""

import sys

sys.modules.setdefault("pandas", None)  # type: ignore[arg-type]
