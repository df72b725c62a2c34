"""The report of a run: what deserves a look, and everything else on one page."""
