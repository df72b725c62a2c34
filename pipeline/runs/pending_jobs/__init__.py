"""The jobs of ``annotate`` as Beam workers get them: read from files, less those that are committed."""
