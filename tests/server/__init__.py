"""Tests of `app.server`, mostly against the real application on a real socket."""
