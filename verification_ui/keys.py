"""The keys of the contact sheet: candidate number i is answered with the i-th key."""

from __future__ import annotations

CANDIDATE_KEYS = "1234567890qwertyuiopasdfghjkl"
"""In the order of the keyboard's rows; the rows of the sheet hold five keys each, like half a keyboard row."""

COLUMNS = 5

FLAG_KEYS = {"wrong_object": "z", "bad_frame": "x", "absent": "c"}
"""What can be wrong with a whole frame, and its key."""
