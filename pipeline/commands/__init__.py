"""The commands of ``pointvos``: one file each."""
