"""A memory network that is trained on points: ``pointvos train propagator`` makes it, ``trained:FILE`` loads it."""
