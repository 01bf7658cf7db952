"""Browsers that Playwright can't drive here: Firefox by WebDriver BiDi, WebKitGTK by WebDriver."""
