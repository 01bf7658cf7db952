"""Recommendations: the queue, surprises, and explanations, the same in each tab."""

from __future__ import annotations

import re

from playwright.sync_api import Page

from tests.e2e.listener import (
    PREDICTED,
    predictions,
    rate,
    wait_for_count,
    wait_for_text,
    wait_until_playing,
)

RATED = 14
SHOWN = 10

IS_BUSY = """() => fetch('/static/vendor/tunes/catalog.json')
    .then(answer => answer.json())
    .then(({ tunes }) => {
        const energies = tunes.map(tune => tune.features[0].energy).sort((a, b) => a - b);
        const middle = energies[Math.floor(energies.length / 2)];
        return Object.fromEntries(tunes.map(tune => [tune.title, tune.features[0].energy > middle]));
    })"""


def titles(page: Page) -> list[str]:
    return page.locator("#up-next .name").all_text_contents()


def surprises(page: Page) -> list[bool]:
    marks = page.locator("#up-next .surprise")
    return [marks.nth(i).is_visible() for i in range(marks.count())]


def listed(page: Page) -> list[str]:
    return page.locator("#tunes tbody .name").all_text_contents()


def preferred(page: Page) -> dict[str, float]:
    """Return each tune's title and predicted preference."""
    values = [row[3] for row in predictions(page)]
    return dict(zip(listed(page), values, strict=True))


def set_preference(page: Page, name: str, value: str) -> None:
    page.click("#tab-preferences")
    page.fill(f"[name={name}]", value)
    page.press(f"[name={name}]", "Enter")
    page.click("#tab-play")


def wait_for_surprises(page: Page, marks: list[bool]) -> None:
    page.wait_for_function(
        """marks => JSON.stringify(marks) ===
            JSON.stringify([...document.querySelectorAll('#up-next .surprise')].map(mark => !mark.hidden))""",
        arg=marks,
    )


def wait_for_titles(page: Page, expected: list[str]) -> None:
    page.wait_for_function(
        """titles => JSON.stringify([...document.querySelectorAll('#up-next .name')].map(e => e.textContent))
            === JSON.stringify(titles)""",
        arg=expected,
    )


def wait_for_best_first(page: Page) -> None:
    page.wait_for_function("""() => {
        const all = [...document.querySelectorAll("#tunes tr[data-path]")];
        const values = all.map(({ dataset }) => Number(dataset.prediction.split(" ")[3]));
        return values.every((value, at) => !at || value <= values[at - 1]);
    }""")


def go_on(page: Page, title: str) -> None:
    """Press Next; the page must then show this title as playing."""
    page.click("#next")
    page.wait_for_function("title => document.querySelector('#now-title').textContent === title", arg=title)


def rate_busy_tunes_highly(page: Page) -> set[str]:
    """Rate the queued tunes by how busy they are, and train; return their titles."""
    likes: dict[str, bool] = page.evaluate(IS_BUSY)
    played = set()
    page.click("#next")
    for _ in range(RATED):
        wait_until_playing(page)
        title = page.text_content("#now-title") or ""
        played.add(title)
        rate(page, e=3, m=3, c=3, p=5 if likes[title] else 1)
        page.click("#rate-next")
        page.wait_for_function("document.querySelector('#rate-result').textContent === ''")
    wait_until_playing(page)
    wait_for_count(page, "ratings", RATED)
    page.click("#play-pause")  # The tune must not end during the training run.
    page.click("#tab-preferences")
    page.check("[name=training]")
    page.wait_for_selector("html[data-model^=local]")
    page.uncheck("[name=training]")  # What is skipped from now on must not change the predictions.
    page.click("#tab-play")
    return played | {page.text_content("#now-title") or ""}


def test_learned_taste_decides_and_explains_the_queue(page: Page) -> None:
    catalog = listed(page)
    assert titles(page) == catalog[:SHOWN]
    page.wait_for_selector("html[data-model^=global]")
    assert "not known yet" in (page.text_content("#up-next-how") or "")
    page.evaluate("document.body.dataset.here = 'still'")
    set_preference(page, "exploration", "0")
    played = rate_busy_tunes_highly(page)
    assert played == set(catalog[: RATED + 1]), "each tune plays once, in the order of the list"

    page.wait_for_function("document.querySelector('#up-next-how').textContent.includes('like best')")
    expected = preferred(page)
    rest = sorted(set(catalog) - played, key=lambda title: (-expected[title], catalog.index(title)))
    coming = titles(page)
    assert [expected[title] for title in coming] == [expected[title] for title in rest[:SHOWN]]
    assert coming != catalog[RATED + 1 : RATED + 1 + SHOWN]
    likes: dict[str, bool] = page.evaluate(IS_BUSY)
    assert all(likes[title] for title in coming)

    go_on(page, coming[0])
    page.wait_for_function(
        "title => document.querySelector('#up-next .name').textContent === title", arg=coming[1]
    )
    wait_until_playing(page)
    wait_for_titles(page, [*coming[1:], titles(page)[-1]])
    wait_for_text(page, "#why-playing", f"{expected[coming[0]]:.1f} of 5 expected")
    page.wait_for_selector("#why-playing li", state="attached")
    wait_for_text(page, "#match-verdict", "You may love this")
    wait_for_text(page, "#match-why", "What speaks for it: more going on")
    assert "more going on +" in (page.text_content("#why-playing li") or "")

    _other_tab_shows_the_same(page)
    _surprises_are_marked_and_played(page)
    _explanation_is_shown_on_demand(page, rest[-1], expected[rest[-1]])
    assert page.evaluate("document.body.dataset.here") == "still", "the page was reloaded"


def _other_tab_shows_the_same(page: Page) -> None:
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_selector("html[data-model^=local]")
    wait_for_titles(other, titles(page))
    other.wait_for_selector(PREDICTED)
    assert predictions(other) == predictions(page)
    page.click("#tunes th.match button")
    other.wait_for_selector("#tunes th.match[aria-sort=descending]")
    wait_for_best_first(other)
    wait_for_best_first(page)
    best_first = [row[3] for row in predictions(other)]
    assert best_first == sorted(best_first, reverse=True)
    assert listed(other) == listed(page)
    go_on(page, titles(page)[0])
    wait_for_titles(other, titles(page))
    other.close()
    page.click("#tunes th.match button")
    page.wait_for_selector("#tunes th.match[aria-sort=ascending]")
    page.click("#tunes th.match button")
    page.wait_for_selector("#tunes th[aria-sort]", state="detached")


def _surprises_are_marked_and_played(page: Page) -> None:
    assert surprises(page) == [False] * SHOWN
    set_preference(page, "exploration", "50")
    page.wait_for_function("document.querySelectorAll('#up-next .surprise:not([hidden])').length >= 2")
    marks, coming = surprises(page), titles(page)
    assert marks in ([True, False] * 5, [False, True] * 5)
    values = sorted(preferred(page).values())
    middle = values[len(values) // 2]
    assert all(preferred(page)[title] >= middle for title, mark in zip(coming, marks, strict=True) if mark)
    for number in range(2):
        go_on(page, coming[number])
        state = "visible" if marks[number] else "hidden"
        page.wait_for_selector("#why-surprise", state=state)  # type: ignore[arg-type]
        wait_for_surprises(page, marks if number else [not mark for mark in marks])
        assert titles(page)[0] == coming[number + 1]
        wait_until_playing(page)


def _explanation_is_shown_on_demand(page: Page, title: str, preference: float) -> None:
    button = page.get_by_role(
        "button", name=re.compile(f"Why {preference:.1f} of 5, .*, for {re.escape(title)}")
    )
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#tunes .why-row li")
    assert button.get_attribute("aria-expanded") == "true"
    assert "less going on −" in (page.text_content("#tunes .why-row") or "")
    page.keyboard.press("Enter")
    page.wait_for_selector("#tunes .why-row", state="detached")
    assert button.get_attribute("aria-expanded") == "false"


HOLD_WHY = """{
    const { postMessage } = BroadcastChannel.prototype;
    globalThis.held = [];
    BroadcastChannel.prototype.postMessage = function (message) {
        const send = () => postMessage.call(this, message);
        if (globalThis.holds && message.type === "why") held.push(send);
        else send();
    };
}"""
"""Lets questions why a tune is predicted wait while `holds` is set."""


def test_reasons_that_come_late_do_not_replace_those_that_were_asked_for_since(page: Page) -> None:
    page.add_init_script(HOLD_WHY)
    page.reload()
    page.wait_for_selector(PREDICTED)
    rows = page.locator("#tunes tbody tr[data-path]")
    first, second = (rows.nth(number).locator("button.why") for number in (0, 1))
    is_open = "#tunes tbody tr[data-path]:has(button.why[aria-expanded=true])"
    path = rows.nth(0).get_attribute("data-path")
    first.click()
    page.wait_for_selector(is_open)
    first.click()
    page.wait_for_selector(is_open, state="detached")
    page.evaluate("globalThis.holds = true")
    second.click()
    page.wait_for_function("held.length === 1")
    first.click()
    page.wait_for_selector(is_open)
    page.evaluate("held[0]()")
    page.wait_for_timeout(500)
    assert page.get_attribute(is_open, "data-path") == path
