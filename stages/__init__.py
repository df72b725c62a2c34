"""The stages from rough localizations to a training dataset; see README.md in this folder."""
