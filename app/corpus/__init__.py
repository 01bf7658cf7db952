"""`sidflow-feedback analyze`: analyzes all songs of a folder, and writes an analysis file."""
