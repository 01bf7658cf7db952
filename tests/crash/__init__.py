"""The real page, killed at random moments: what it had recorded must be there afterwards, once."""
