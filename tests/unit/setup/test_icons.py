import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from app.errors import SetupError
from app.files import sources_in
from app.paths import paths
from app.setup.icons import NAMES, SPRITE, make_sprite

SVG = "{http://www.w3.org/2000/svg}"
ICONS = json.dumps({"icons": {"a": {"body": '<path d="M0 0"/>'}, "b": {"body": "<g/>"}}}).encode()


def test_sprite_has_a_symbol_for_each_name(tmp_path: Path) -> None:
    symbols = ET.parse(make_sprite(ICONS, tmp_path, ("a", "b"))).getroot()
    assert [(symbol.tag, symbol.get("id"), symbol.get("viewBox")) for symbol in symbols] == [
        (f"{SVG}symbol", "a", "0 0 24 24"),
        (f"{SVG}symbol", "b", "0 0 24 24"),
    ]
    assert symbols[0][0].get("d") == "M0 0"


def test_icon_that_the_set_lacks_stops_set_up(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"no icon named c, d.*app/setup/icons\.py"):
        make_sprite(ICONS, tmp_path, ("a", "c", "d"))
    assert not list(tmp_path.iterdir())


def test_each_icon_takes_the_color_of_the_text() -> None:
    symbols = ET.parse(paths().vendor / SPRITE).getroot()
    assert [symbol.get("id") for symbol in symbols] == list(NAMES)
    for symbol in symbols:
        colors = {value for part in symbol.iter() for name in ("fill", "stroke") if (value := part.get(name))}
        assert colors <= {"none", "currentColor"}, symbol.get("id")
        assert "currentColor" in colors, symbol.get("id")


def test_each_icon_is_used_and_each_used_one_is_there() -> None:
    used = set()
    for path in sources_in(paths().page, paths().static / "js"):
        text = path.read_text("utf-8")
        used |= set(re.findall(r"icons\.svg#([\w-]+)", text))
        for names in re.findall(r"(?<!def )show_icon\([^,]+,([^\n]+)\n", text):
            used |= set(re.findall(r'"([\w-]+)"', names))
    assert used == set(NAMES)
