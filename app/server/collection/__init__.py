"""A collection of tunes that the server's listeners have from their first visit."""
