"""What ends a training run."""


class TrainingError(Exception):
    """There is nothing to train from or nothing to publish; the message says what to do."""
