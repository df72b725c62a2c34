"""An annotator made of ground truth, and what a human one costs."""
