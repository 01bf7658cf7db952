"""The real page is killed at random moments: each recorded event must be stored exactly once."""
