"""The application: page, server, set-up and console script."""
