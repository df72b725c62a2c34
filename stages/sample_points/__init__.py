"""Draw the points that people are asked about, from pseudo-masks."""
