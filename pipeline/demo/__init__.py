"""The demo: the main job on real clips that a package ships, with clicks committed here."""
