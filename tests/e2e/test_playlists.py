"""Favorites and playlists: kept in the browser, saved as files, and read from files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.collection_tree import path_of, plant
from tests.e2e.listener import WITHOUT_ENGINE, wait_for_text
from tests.e2e.music import SITE, add_folder, choose, wait_for_count, wait_for_names

COUNT = 20
ALL = SITE + COUNT


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant(tmp_path_factory.mktemp("music") / "HVSC", COUNT)


@pytest.fixture
def music(without_engine: Page, tree: Path) -> Page:
    page = without_engine
    add_folder(page, tree)
    wait_for_count(page, f"{ALL} tunes")
    return page


def show(page: Page, label: str) -> None:
    """Filter the list by a playlist."""
    page.wait_for_function(
        "label => [...document.querySelector('#playlist').options].some(({ text }) => text === label)",
        arg=label,
    )
    page.evaluate("document.querySelector('#filter-panel').open = true")
    page.select_option("#playlist", label=label)
    page.evaluate("document.querySelector('#filter-panel').open = false")


def saved(page: Page, button: str) -> list[str]:
    with page.expect_download() as saving:
        page.click(button)
    return saving.value.path().read_text("utf-8").splitlines()


@contextmanager
def another_tab(page: Page) -> Iterator[Page]:
    """Open the page in another tab of the browser."""
    other = page.context.new_page()
    other.add_init_script(WITHOUT_ENGINE)
    other.goto(page.url)
    other.wait_for_selector("html[data-ui=ready]")
    yield other
    other.close()


def import_list(page: Page, file: Path) -> None:
    page.set_input_files("#own-file", file)
    page.wait_for_function("document.querySelector('#collection-result').textContent.includes('laylist')")


def test_favorites_are_marked_filtered_and_remembered(music: Page) -> None:
    page = music
    first = page.text_content("#tunes .name") or ""
    choose(page, first, "Add to favorites")
    page.wait_for_selector("#tunes tr:first-child[data-favorite]")
    page.reload()
    page.wait_for_selector("html[data-ui=ready]")
    show(page, "Favorites (1)")
    wait_for_count(page, f"1 of {ALL} tunes")
    assert page.is_hidden("#playlist-delete")
    choose(page, first, "Remove from favorites")
    wait_for_count(page, f"0 of {ALL} tunes")


def test_playlist_is_read_ordered_saved_renamed_and_deleted(music: Page, tmp_path: Path) -> None:
    page = music
    lines = [f"/{path_of(3)}", f"HVSC/{path_of(1)}#2", path_of(2).replace("/", "\\"), "/MUSICIANS/X/No.sid"]
    (tmp_path / "Evening.m3u").write_text("\n".join(["#EXTM3U", "#EXTINF:1,A - B", *lines]))
    import_list(page, tmp_path / "Evening.m3u")
    assert page.text_content("#collection-result") == (
        "Playlist “Evening”: 3 tunes. 1 of 4 aren’t in your music: /MUSICIANS/X/No.sid"
    )
    show(page, "Evening (3)")
    wait_for_names(page, [f"Tune number {number}" for number in (3, 1, 2)])
    choose(page, "Tune number 2", "Move up")
    wait_for_names(page, [f"Tune number {number}" for number in (3, 2, 1)])
    choose(page, "Tune number 3", "Move down")
    wait_for_names(page, [f"Tune number {number}" for number in (2, 3, 1)])
    assert saved(page, "#playlist-paths") == [f"/{path_of(number)}" for number in (2, 3, 1)]
    assert saved(page, "#playlist-m3u")[2::2] == [path_of(number) for number in (2, 3, 1)]
    choose(page, "Tune number 3", "Remove from this playlist")
    wait_for_names(page, [f"Tune number {number}" for number in (2, 1)])
    page.click("#playlist-play")
    wait_for_text(page, "#now-title", "Tune number 2")
    wait_for_text(page, "#up-next .name", "Tune number 1")

    page.click("#playlist-rename")
    page.fill("#playlist-name", "  ")
    page.keyboard.press("Enter")
    page.wait_for_selector("#playlist-name:invalid")
    page.fill("#playlist-name", "Night")
    page.keyboard.press("Enter")
    show(page, "Night (2)")
    page.click("#playlist-delete")
    wait_for_count(page, f"{ALL} tunes")
    wait_for_text(page, "#playlist-result", "Deleted the playlist “Night”.")
    page.click("#playlist-undo")
    show(page, "Night (2)")
    wait_for_names(page, [f"Tune number {number}" for number in (2, 1)])


def test_queue_and_tunes_go_into_playlists_and_all_are_deleted(music: Page) -> None:
    page = music
    queue = page.locator("#up-next .name").all_text_contents()
    page.click("#keep-queue")
    page.fill("#playlist-name", "Later")
    page.click("#playlist-submit")
    show(page, "Later (20)")
    page.wait_for_function(
        "title => document.querySelector('#tunes .name').textContent === title", arg=queue[0]
    )
    page.click("#clear-filters")
    page.fill("#search", "tune_00019")
    wait_for_text(page, "#tunes .name", "Tune number 19")
    choose(page, "Tune number 19", "Add to a playlist…")
    page.fill("#playlist-name", "Later")
    page.click("#playlist-submit")
    show(page, "Later (2) (1)")
    wait_for_names(page, ["Tune number 19"])


def row_menu(page: Page, name: str) -> list[str]:
    """Return what the menu of a tune offers, and leave it open."""
    page.locator("#tunes tbody tr").filter(has=page.locator(".name", has_text=name)).locator(".menu").click()
    return page.locator("#row-menu [role=menuitem]:visible").all_text_contents()


def test_sorted_playlist_offers_its_own_order_instead_of_moves(music: Page, tmp_path: Path) -> None:
    page = music
    paths = [path_of(number) for number in (3, 1, 2, 1)]
    (tmp_path / "Evening.m3u").write_text("\n".join(paths))
    import_list(page, tmp_path / "Evening.m3u")
    assert page.text_content("#collection-result") == "Playlist “Evening”: 3 tunes."
    show(page, "Evening (3)")
    own = [f"Tune number {number}" for number in (3, 1, 2)]
    wait_for_names(page, own)
    page.click("#tunes th.title button")
    wait_for_names(page, sorted(own))
    offered = row_menu(page, "Tune number 3")
    assert not {"Move up", "Move down"} & set(offered)
    page.get_by_role("menuitem", name="Sorted by title: show your order, to move tunes").click()
    wait_for_names(page, own)
    assert page.locator("#tunes th[aria-sort]").count() == 0
    assert "Move up" not in row_menu(page, "Tune number 3"), "it is the first one"
    page.keyboard.press("Escape")
    assert "Move down" not in row_menu(page, "Tune number 2"), "it is the last one"
    page.get_by_role("menuitem", name="Move up").click()
    wait_for_names(page, [own[0], own[2], own[1]])


def test_messages_have_the_name_that_a_playlist_gets(music: Page, tmp_path: Path) -> None:
    page = music
    (tmp_path / "Evening.m3u").write_text(path_of(1))
    import_list(page, tmp_path / "Evening.m3u")
    page.set_input_files("#own-file", tmp_path / "Evening.m3u")
    wait_for_text(page, "#collection-result", "Playlist “Evening (2)”: 1 tune.")
    page.click("#keep-queue")
    page.fill("#playlist-name", "Evening")
    page.click("#playlist-submit")
    taken = " Another playlist is called “Evening”."
    wait_for_text(page, "#playlist-result", "Created the playlist “Evening (3)”." + taken)

    show(page, "Evening (2) (1)")
    page.click("#playlist-rename")
    page.fill("#playlist-name", "Evening")
    page.keyboard.press("Enter")
    wait_for_text(page, "#playlist-result", "The playlist is called “Evening (2)” now." + taken)
    show(page, "Evening (1)")
    page.click("#playlist-delete")
    page.wait_for_selector("#playlist-undo")
    (tmp_path / "Evening.m3u").write_text(path_of(2))
    with another_tab(page) as other:
        import_list(other, tmp_path / "Evening.m3u")
    page.wait_for_selector("#playlist option:has-text('Evening (1)')", state="attached")
    page.click("#playlist-undo")
    wait_for_text(page, "#playlist-result", "“Evening (4)” is back." + taken)

    (tmp_path / "None.m3u").write_text("/MUSICIANS/X/No.sid")
    page.set_input_files("#own-file", tmp_path / "None.m3u")
    wait_for_text(
        page,
        "#collection-result",
        "No playlist was made of “None”. 1 of 1 aren’t in your music: /MUSICIANS/X/No.sid",
    )
    for said in ("Added to “Evening”.", "It is in “Evening” already."):
        page.locator("#tunes .menu").first.click()
        page.get_by_role("menuitem", name="Add to a playlist…").click()
        page.get_by_role("button", name="Evening", exact=True).click()
        wait_for_text(page, "#playlist-result", said)


def test_empty_queue_and_empty_list_are_not_saved(music: Page) -> None:
    page = music
    assert page.is_enabled("#keep-queue")
    page.fill("#search", "no such tune")
    wait_for_count(page, f"0 of {ALL} tunes")
    assert page.is_disabled("#save-list")
    page.fill("#search", "")
    wait_for_count(page, f"{ALL} tunes")
    assert page.is_enabled("#save-list")
    show(page, "Favorites (0)")
    page.wait_for_selector("#playlist-play:disabled")
    assert page.is_disabled("#playlist-m3u")
    while page.locator("#up-next li").count():
        page.click("#up-next .remove")
    assert page.is_disabled("#keep-queue")
    assert page.is_disabled("#save-queue")
    assert page.text_content("#up-next-how") == (
        "The queue is empty. Pick a tune from the list: others will follow it."
    )
    page.click("#next")
    page.wait_for_selector("#keep-queue:enabled")
    assert page.text_content("#now-title") != "Nothing is playing", "music goes on"


def open_composer(page: Page) -> None:
    choose(page, "Tune number 5", "Open the composer’s page")
    page.wait_for_selector("#place")  # Later, its address would close a dialog.


def go_back(page: Page) -> None:
    page.wait_for_function("history.state === 0")  # The entry of a dialog is left.
    page.go_back()


def test_messages_go_when_the_listener_goes_on(music: Page, tmp_path: Path) -> None:
    page = music
    (tmp_path / "Evening.m3u").write_text(f"{path_of(1)}\n/MUSICIANS/X/No.sid")
    for name in ("Broken.sid", "Also.sid"):
        (tmp_path / name).write_bytes(b"PSID")
    said = "#playlist-result:not(:empty)"
    ways: dict[str, Callable[[], object]] = {
        "another list": lambda: show(page, "Favorites (0)"),
        "all tunes": lambda: page.click("#clear-filters"),
        "a search": lambda: page.fill("#search", "number"),
        "a composer": lambda: open_composer(page),
        "an address": lambda: go_back(page),
        "a tune": lambda: page.locator("#tunes .tune").first.click(),
        "a row's menu": lambda: page.locator("#tunes .menu").first.click(),
    }
    for name, go_on in ways.items():
        page.keyboard.press("Escape")
        page.click("#keep-queue")
        page.fill("#playlist-name", name)
        page.click("#playlist-submit")
        page.wait_for_selector(said)
        go_on()
        page.wait_for_selector(said, state="detached")
    page.keyboard.press("Escape")
    import_list(page, tmp_path / "Evening.m3u")
    page.set_input_files("#own-file", [tmp_path / "Broken.sid", tmp_path / "Also.sid"])
    page.wait_for_selector("#skipped")
    page.click("#skipped summary")
    page.wait_for_selector("#collection-result:not(:empty)")
    page.click("#tunes th.title button")
    page.wait_for_selector("#collection-result:not(:empty)", state="detached")
    page.wait_for_selector("#skipped", state="hidden")
    page.wait_for_selector("#notice", state="hidden")


def delete_in_another_tab(page: Page, label: str) -> None:
    with another_tab(page) as other:
        show(other, label)
        other.click("#playlist-delete")
        wait_for_text(other, "#playlist-result", "Deleted the playlist")


def test_what_another_tab_deletes_is_said_and_comes_back(music: Page, tmp_path: Path) -> None:
    page = music
    (tmp_path / "Evening.m3u").write_text("\n".join(path_of(number) for number in (3, 1)))
    import_list(page, tmp_path / "Evening.m3u")
    gone, names = "Another tab has deleted the playlist “Evening”.", ["Tune number 3", "Tune number 1"]
    show(page, "Evening (2)")
    wait_for_names(page, names)
    delete_in_another_tab(page, "Evening (2)")
    wait_for_text(page, "#playlist-result", gone)
    wait_for_count(page, f"{ALL} tunes")
    page.click("#playlist-undo")
    show(page, "Evening (2)")

    page.click("#playlist-rename")
    page.fill("#playlist-name", "Night")
    delete_in_another_tab(page, "Evening (2)")
    wait_for_text(page, "#playlist-result", gone)
    page.click("#playlist-submit")
    wait_for_text(page, "#playlist-result", f"{gone} So it has no new name.")
    page.click("#playlist-undo")
    show(page, "Evening (2)")
    wait_for_names(page, names)

    page.click("#clear-filters")
    choose(page, "Tune number 5", "Add to a playlist…")
    delete_in_another_tab(page, "Evening (2)")
    page.wait_for_selector("#playlist option:has-text('Evening (2)')", state="detached")
    page.get_by_role("button", name="Evening", exact=True).click()
    wait_for_text(page, "#playlist-result", f"{gone} To get it back, with what you add, press Undo.")
    page.click("#playlist-undo")
    show(page, "Evening (3)")
    wait_for_names(page, [*names, "Tune number 5"])
