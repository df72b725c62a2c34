"""How far answers can be trusted: agreement, consensus, hidden gold, pace, and what they say about the masks."""
