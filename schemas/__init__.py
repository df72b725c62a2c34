"""Records and tables that every other package speaks; numpy, pyarrow and pycocotools only."""
