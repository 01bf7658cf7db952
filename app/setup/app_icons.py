"""Draws the icons of the installed app from `static/icon.svg`, for a developer who has changed it."""

from pathlib import Path

from playwright.sync_api import sync_playwright

from ..files import write_bytes
from ..paths import paths
from .chromium import chromium

ICONS = {"icon-192.png": (192, 192, False), "icon-512.png": (512, 512, False)} | {
    # Systems cut a maskable icon to any shape: only its inner 80 % are sure to be seen.
    "maskable-512.png": (512, 400, True)
}
"""Size of each picture, of the drawing in it, and whether the ground fills the picture."""


def draw_icons(folder: Path) -> list[Path]:
    """Write the icons to `folder/icons`, and return them."""
    drawing = (folder / "icon.svg").read_text("utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page()
        written = []
        for name, (size, drawn, filled) in ICONS.items():
            page.set_viewport_size({"width": size, "height": size})
            ground = "#4a3aa7" if filled else "transparent"
            page.set_content(
                f"<style>body {{ margin: {(size - drawn) // 2}px; background: {ground} }}"
                f"svg {{ display: block; width: {drawn}px }}</style>{drawing}"
            )
            written.append(write_bytes(folder / "icons" / name, page.screenshot(omit_background=True)))
        browser.close()
    return written


if __name__ == "__main__":
    draw_icons(paths().static)
