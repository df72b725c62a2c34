"""What a person sees in the terminal: tables, summaries, bars, sentences about problems."""
