"""The commands over a run's tables as graphs: an element is a video, a range of videos, or a part of the candidates.

No step holds more than one element. Every step may be repeated: what it writes depends on its element alone.
"""

import pipeline.runners.beam_import  # noqa: F401 - before Beam
