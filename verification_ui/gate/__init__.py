"""What annotators reach: a filtering proxy in front of the run's private Label Studio."""
