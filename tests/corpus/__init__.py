"""Tests of `app.corpus`: folders of music in real processes and clusters, analysis files out of it."""
