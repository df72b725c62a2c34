"""Interactive segmenters behind one protocol."""
