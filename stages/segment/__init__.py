"""Interactive segmentation: rough localizations to pseudo-masks."""
