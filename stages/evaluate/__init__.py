"""How good the masks, the candidates and the points are, against ground truth."""
