"""The only video decoder: streaming, exact 0-based decode indices, no seeks, memory independent of the length.

What is decoded is what a player shows: rotation and flips of the container (of EXIF, in a folder of frames) are
applied. Pixels stay as stored otherwise: a non-square pixel aspect is not stretched, alpha is dropped, more than 8
bits are cut to 8.

Decoding continues behind damage, and indices stay those of the source. A frame is lost, so that its index is left out,
when its data is damaged or missing (a decoder's own concealment is not handed on), and when it is predicted from a lost
one, up to the next key frame (see ``timeline``). A source whose end is cut off is marked ``truncated``.

What does not show: damage that a decoder conceals without a word (some bytes within a JPEG, say); and frames of which
nothing is left, head and all, in AVI and in ASF, whose reader stops there.
"""

from stages.video.errors import DecodeError
from stages.video.files import Opener
from stages.video.reader import Probe, VideoReader, open_video, probe
from stages.video.selected import about_n_frames, frame_as_jpeg, selected_frames

__all__ = [
    "DecodeError", "Opener", "Probe", "VideoReader", "about_n_frames", "frame_as_jpeg", "open_video", "probe",
    "selected_frames",
]  # fmt: skip
