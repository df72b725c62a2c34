"""What the embedded models see of a frame."""
