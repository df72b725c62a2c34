"""Whether datasets keep the rules of their formats, read a row, a file or a frame at a time."""
