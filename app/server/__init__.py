"""The ASGI server: the page and its files, the sync of feedback, the global model."""
