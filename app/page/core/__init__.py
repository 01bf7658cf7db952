"""The state of the page, without any of its elements: playback, recommendations, library, settings."""
