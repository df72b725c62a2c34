"""The studio: one page on which people hint, watch and correct."""
