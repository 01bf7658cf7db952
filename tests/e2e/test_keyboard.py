"""Single-key shortcuts, and arrow keys on the tabs."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.e2e.listener import play, wait_for_text, wait_until_playing

TABS = ("play", "rate", "preferences", "insights")


def now(page: Page) -> str:
    return page.text_content("#now-title") or ""


def test_single_key_shortcuts(without_engine: Page) -> None:
    page = without_engine
    play(page, 1)
    title = now(page)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("l")
    assert page.get_attribute("#like", "aria-pressed") == "true"
    page.keyboard.press("M")
    assert page.get_attribute("#mute", "aria-pressed") == "true"
    page.keyboard.press("m")
    assert page.get_attribute("#mute", "aria-pressed") == "false"
    page.keyboard.press("Space")
    page.wait_for_function("document.querySelector('footer').dataset.status === 'paused'")
    page.keyboard.press("Space")
    page.wait_for_function("document.querySelector('footer').dataset.status === 'playing'")
    page.keyboard.press("?")
    page.wait_for_selector("#keys")
    page.keyboard.press("n")
    assert now(page) == title, "keys do nothing behind the list"
    page.keyboard.press("Escape")
    page.wait_for_selector("#keys", state="hidden")
    page.focus("#search")
    page.keyboard.type("nld 1?")
    assert page.input_value("#search") == "nld 1?"
    assert (now(page), page.is_hidden("#keys")) == (title, True)
    page.fill("#search", "")
    page.evaluate("document.activeElement.blur()")
    for modified in ("Control+l", "Alt+n", "Meta+d"):
        page.keyboard.press(modified)
    assert now(page) == title
    page.keyboard.press("n")
    page.wait_for_function("old => document.querySelector('#now-title').textContent !== old", arg=title)
    wait_until_playing(page)
    page.keyboard.press("Space")
    page.wait_for_function("document.querySelector('footer').dataset.status === 'paused'")
    page.fill("#progress", "0")  # After some seconds, the key would only begin the tune again.
    page.wait_for_function("sidPlayer.progress === 1 && sidPlayer.position === 0")
    page.keyboard.press("p")
    page.wait_for_function("old => document.querySelector('#now-title').textContent === old", arg=title)
    wait_until_playing(page)
    page.keyboard.press("D")
    page.wait_for_function("old => document.querySelector('#now-title').textContent !== old", arg=title)


def test_digits_and_enter_rate_and_u_undoes_it(without_engine: Page) -> None:
    page = without_engine
    play(page, 1)
    page.click("#tab-rate")
    title = now(page)
    page.keyboard.type("4215")
    chosen = page.locator("#rate-form input:checked").evaluate_all(
        "all => all.map(one => one.name + one.value)"
    )
    assert chosen == ["e4", "m2", "c1", "p5"]
    page.keyboard.press("Enter")
    page.wait_for_function("old => document.querySelector('#now-title').textContent !== old", arg=title)
    ratings = "energy 4, mood 2, complexity 1, preference 5"
    assert f"You rated {title}: {ratings}." in (page.text_content("#rate-last") or "")
    assert page.locator("#rate-form input:checked").count() == 0
    page.keyboard.type("123")  # Rating the next tune starts with energy, wherever the focus was.
    chosen = page.locator("#rate-form input:checked").evaluate_all(
        "all => all.map(one => one.name + one.value)"
    )
    assert chosen == ["e1", "m2", "c3"]
    page.keyboard.press("u")
    assert "Undone" in (page.text_content("#rate-last") or "")
    page.keyboard.press("Enter")  # On the scale of preference.
    assert "energy 1, mood 2, complexity 3" in (page.text_content("#rate-last") or "")


def test_single_key_shortcuts_can_be_disabled(without_engine: Page) -> None:
    page = without_engine
    play(page, 1)
    page.click("#tab-preferences")
    page.uncheck("[name=shortcuts]")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("l")
    page.keyboard.press("?")
    assert page.get_attribute("#like", "aria-pressed") == "false"
    page.wait_for_selector("#keys", state="hidden")
    page.click("#keys-open")
    page.wait_for_selector("#keys")


def test_arrow_keys_move_between_tabs(without_engine: Page) -> None:
    page = without_engine
    page.focus("#tab-play")
    for tab in (*TABS[1:], TABS[0]):
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.id") == f"tab-{tab}"
        page.wait_for_selector(f"#{tab}")
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector(f"#{TABS[-1]}")


def tab_to(page: Page, selector: str) -> None:
    """Press the Tab key until the focus is on an element."""
    for _ in range(150):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"The Tab key doesn't reach {selector}.")


def test_listener_gets_along_without_a_mouse(without_engine: Page) -> None:
    page = without_engine
    page.wait_for_selector("#tunes tbody tr button.tune")
    tab_to(page, "#start-listening")
    page.keyboard.press("Enter")
    wait_until_playing(page)
    tab_to(page, "#search")
    page.keyboard.type("horizon")
    page.wait_for_function("document.querySelectorAll('#tunes tbody button.tune').length === 1")
    tab_to(page, "#tunes button.tune")
    page.keyboard.press("Enter")
    wait_for_text(page, "#now-title", "Turbo Horizon")
    wait_until_playing(page)
    tab_to(page, "#like")
    page.keyboard.press("Space")
    page.wait_for_selector("#like[aria-pressed=true]")
    tab_to(page, "#volume")
    page.keyboard.press("Home")
    assert page.input_value("#volume") == "0"
    tab_to(page, "#tab-play")
    page.keyboard.press("ArrowRight")
    tab_to(page, "#rate-form input[name=e]")
    page.keyboard.press("4")
    page.keyboard.press("Enter")
    wait_for_text(page, "#rate-last", "You rated Turbo Horizon: energy 4.")
