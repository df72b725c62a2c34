"""The batches of objects of a video together again: they wait for each other, then overlaps are resolved."""
