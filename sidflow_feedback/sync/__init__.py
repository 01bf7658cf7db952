"""Sync: sends anonymized feedback to a server if the listener has opted in."""
