"""Where the graph runs: on this machine, or on a Beam runner. Imports nothing, since workers start here."""
