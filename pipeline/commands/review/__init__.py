"""``pointvos review``: the queue that people answer."""
