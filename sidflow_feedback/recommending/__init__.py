"""Recommending: what the model predicts for the library, what plays next, and why."""
