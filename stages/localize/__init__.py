"""From words to places: expressions become clicks or boxes on the frames that are looked at."""
