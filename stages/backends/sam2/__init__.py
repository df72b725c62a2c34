"""SAM 2.1, EdgeTAM and the tracker of SAM 3 as segmenters and propagators."""
