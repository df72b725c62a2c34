"""The command line and the Beam pipelines behind it: one module a command."""
