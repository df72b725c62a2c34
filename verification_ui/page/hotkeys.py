"""The keys of the designs. Every choice of every design has one; no design needs a mouse."""

from __future__ import annotations

CANDIDATE_KEYS = "1234567890qwertyuiopasdfghjkl"
"""On the contact sheet candidate number i is answered with the i-th of these.

In the order of the keyboard's rows; the rows of the sheet hold five keys each, like half a keyboard row.
"""

COLUMNS = 5

FLAG_KEYS = {"wrong_object": "z", "bad_frame": "x", "absent": "c"}
"""What can be wrong with a whole frame, and its key: on the contact sheet and in the frame view."""

ANSWER_KEYS = {"on_object": "1", "off_object": "2", "unsure": "3"}
"""The answers for a single point: blind questions and the frame view."""

LOOK_KEYS = {"clip": "v", "frame": "b", "object": "n"}
"""What can be looked at more closely: what happens around the frame, the frame, the object."""
