"""Players that the server drives for a page: sidplayfp here, an Ultimate 64 nearby, and rendered streams."""
