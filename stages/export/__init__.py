"""Datasets in the formats that the field's tools read."""
