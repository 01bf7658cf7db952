"""Sync: sends anonymized deltas to a server, if the listener has opted in."""
