"""The report of a run: what should be checked, and everything else on one page."""
