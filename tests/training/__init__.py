"""Tests of `app.training`: events in a real database, models out of it."""
