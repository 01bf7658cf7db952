"""Recommending: predictions for the library, the queue, explanations, and insights."""
