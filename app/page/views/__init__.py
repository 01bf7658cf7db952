"""The visible parts of the page, one file each."""
