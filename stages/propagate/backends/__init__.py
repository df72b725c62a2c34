"""Video object segmentation models behind one protocol."""
