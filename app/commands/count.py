"""Counts among the arguments of commands."""

import argparse


def count(text: str) -> int:
    """Return a number of at least 1, as the type of an argument."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {number}")
    return number
