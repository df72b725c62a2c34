"""Reading rough localizations: one parser a format, one record for all."""
