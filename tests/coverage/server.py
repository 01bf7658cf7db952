"""The command line, with sources that report their lines: `python -m tests.coverage.server serve`."""

import sys

from tests.coverage.serving import install

install()

from app.cli import main  # noqa: E402

sys.exit(main())
