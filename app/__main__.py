"""`python -m app` in a checkout: the command `sidflow-feedback` of the installed application."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
