"""Pictures of the page: compared with references in tests, and taken for the docs by `make pictures`."""
