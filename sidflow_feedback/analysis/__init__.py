"""Audio analysis: the eight features of a song, and its length, from its sound."""
