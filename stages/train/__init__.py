"""Training of the small learned parts on scenes that this project makes itself."""
