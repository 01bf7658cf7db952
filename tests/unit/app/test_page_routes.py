import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.page.core.routes import MAX_NUMBER, TABS, address, parse, route

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
NUMBERS = st.integers(0, MAX_NUMBER)


@given(NAMES, NUMBERS, NUMBERS)
def test_an_address_leads_where_it_was_made_for(name: str, song: int, at: int) -> None:
    target = route("tune", name, song, at)
    assert parse(address(target)) == target
    assert parse(address(route("station", name))) == route("station", name)


@given(st.text())
def test_any_text_leads_somewhere(text: str) -> None:
    assert parse(f"#{text}")["view"] in ("tune", "station", "place", *TABS)


@given(NAMES, NUMBERS)
def test_an_address_has_no_character_that_a_browser_would_change(name: str, at: int) -> None:
    made = address(route("tune", name, at=at))
    assert made.isascii()
    assert not set(made) & set(" \"<>`\\^{}|'()")
    assert made.count("#") == 1


@pytest.mark.parametrize(
    ("fragment", "target"),
    [
        ("", route("play")),
        ("#/", route("play")),
        ("#/rate", route("rate")),
        ("#/insights?x=1", route("insights")),
        ("#/nonsense/x", route("play")),
        ("#/tune/", route("play")),
        ("#/composer/rob hubbard", route("place")),
        ("#/folder/collection/MUSICIANS/H", route("place")),
        ("#/station/calm", route("station", "calm")),
        ("#/tune/Demo/A%20%C3%A9.sid?song=2&t=30", route("tune", "Demo/A é.sid", 2, 30)),
        ("#/tune/sha256:ab?t=-3&song=x", route("tune", "sha256:ab")),
        ("#/tune/100%.sid", route("tune", "100%.sid")),
        ("#/tune/%FF.sid", route("tune", "%FF.sid")),
        ("#/tune/a.sid?t=99999999999999999999", route("tune", "a.sid", 0, MAX_NUMBER)),
    ],
)
def test_addresses(fragment: str, target: dict[str, object]) -> None:
    assert parse(fragment) == target


def test_addresses_are_readable() -> None:
    assert address(route("play")) == "#/"
    assert address(route("rate")) == "#/rate"
    assert address(route("tune", "MUSICIANS/H/Hubbard_Rob/Commando.sid", 2, 30)) == (
        "#/tune/MUSICIANS/H/Hubbard_Rob/Commando.sid?song=2&t=30"
    )
