"""Errors of global training."""


class TrainingError(Exception):
    """Nothing can be trained or published. The message says what to do."""
