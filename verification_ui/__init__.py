"""What people see and answer: a Label Studio queue, the media in it, and the verdicts that come back."""
