"""The only video decoder: streaming, exact 0-based decode indices, no seeks, memory independent of the length.

What is decoded is what a player shows: rotation and flips of the container (of EXIF, in a folder of frames) are
applied. Pixels stay as stored otherwise: a non-square pixel aspect is not stretched, alpha is dropped, more than 8
bits are cut to 8. Decoding ends at the first damage after the first frame; the frames before it are kept and the
video is marked ``truncated``.
"""

from stages.frames.errors import DecodeError
from stages.frames.files import Opener
from stages.frames.reader import Probe, VideoReader, open_video, probe

__all__ = ["DecodeError", "Opener", "Probe", "VideoReader", "open_video", "probe"]
