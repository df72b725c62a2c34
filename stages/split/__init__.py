"""Splits of a dataset that share no pictures: near-duplicates of videos are found and kept together."""
