"""Pytest plugin: the servers of the tests serve sources that report their lines."""

from __future__ import annotations

import os

from tests.coverage.serving import install
from tests.served import MODULE

install()
os.environ[MODULE] = "tests.coverage.server"
