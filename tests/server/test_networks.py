import re
from datetime import date, timedelta
from pathlib import Path

from app.server.client_address import parse_address
from app.server.networks import NUMBERS, Networks
from app.server.tables import events

PRIVACY = Path(__file__).parents[2] / "docs" / "privacy.md"
DAY = date(2026, 2, 3)


def numbers(networks: Networks, *addresses: str, day: date = DAY) -> list[int | None]:
    return [networks.number(parse_address(address), day) for address in addresses]


def test_addresses_of_a_network_have_one_number_for_a_day() -> None:
    networks = Networks()
    assert len(set(numbers(networks, "192.0.2.1", "192.0.2.200", "::ffff:192.0.2.7"))) == 1
    assert len(set(numbers(networks, "2001:db8:5:1::1", "2001:db8:5:ffff::9"))) == 1
    days = [DAY + timedelta(number) for number in range(20)]
    assert len({networks.number(parse_address("192.0.2.1"), day) for day in days}) > 5


def test_numbers_are_few_and_another_start_gives_others() -> None:
    addresses = [f"10.0.{number}.1" for number in range(200)]
    found = numbers(Networks(), *addresses)
    assert all(number is not None and 0 <= number < NUMBERS for number in found)
    assert 80 < len(set(found)) < 180  # About 139 of 200: networks share numbers.
    assert numbers(Networks(), *addresses) != found


def test_unknown_address_has_no_number() -> None:
    assert numbers(Networks(), "unknown", "") == [None, None]


def test_what_is_stored_is_what_the_privacy_page_lists() -> None:
    section = PRIVACY.read_text().split("## What the server keeps\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\|([^|]+)\|", section, re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(named) == sorted(events.columns.keys())
