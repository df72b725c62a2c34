"""The Label Studio server of a run: start, accounts, addresses."""
