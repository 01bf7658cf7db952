"""Browsers that Playwright can't drive here: Firefox, by WebDriver BiDi, and WebKitGTK, by WebDriver."""
