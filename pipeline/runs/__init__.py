"""The run folder: inputs, tables, locks, commits."""
