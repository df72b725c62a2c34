"""One self-contained page that shows what a run made."""
