"""What the playing tune looks like: its voices, its credits, its match, and the full-screen view."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.e2e.listener import PREDICTED, play, wait_for_text, wait_until_playing
from tests.wasm.psid import clicker, clicker_play, psid

VOICES = 9
GRAPHICS, TEXT = 3.0, 4.5
"""The smallest contrasts that the web's guidelines for accessibility allow."""

COLORS = """() => {
    const style = getComputedStyle(document.documentElement);
    return ["screen", "voice-muted", ...Array.from({ length: 9 }, (_, voice) => `voice-${voice + 1}`)].map(
        (name) => style.getPropertyValue(`--${name}`));
}"""

DRAWN = """(row) => {
    const canvas = document.querySelector("#scope");
    const height = Math.floor(canvas.height / 3);
    const { data } = canvas.getContext("2d").getImageData(0, row * height, canvas.width, height);
    const sum = [0, 0, 0];
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3] < 255) continue;
        count++;
        for (const part of [0, 1, 2]) sum[part] += data[i + part];
    }
    return sum.map((part) => Math.round(part / count));
}"""
"""Returns the mean color of what is drawn of a voice."""


def luminance(color: str) -> float:
    parts = [int(part, 16) / 255 for part in re.findall("[0-9a-f]{2}", color)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_voice_has_a_color_of_its_own_that_stands_out(without_engine: Page, theme: str) -> None:
    page = without_engine
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    screen, muted, *voices = page.evaluate(COLORS)
    assert len(set(voices)) == VOICES
    assert contrast(muted, screen) >= TEXT
    assert min(contrast(voice, screen) for voice in voices) >= max(GRAPHICS, TEXT), "their names have it, too"


def test_waveforms_have_the_colors_of_their_voices(without_engine: Page) -> None:
    page = without_engine
    play(page, 1)
    _, _, *voices = page.evaluate(COLORS)
    for row, color in enumerate(voices[:3]):
        wanted = [int(part, 16) for part in re.findall("[0-9a-f]{2}", color)]
        page.wait_for_function(
            f"([row, wanted]) => ({DRAWN})(row).every((part, i) => Math.abs(part - wanted[i]) < 24)",
            arg=[row, wanted],
        )


def test_title_composer_and_year_are_those_of_the_file(without_engine: Page, tmp_path: Path) -> None:
    page, file = without_engine, tmp_path / "one.sid"
    file.write_bytes(psid(clicker(), play=clicker_play(), title=b"A title"))
    page.set_input_files("#own-file", file)
    wait_for_text(page, "#now-released", "1985 Maker")
    assert (page.inner_text("#now-name"), page.inner_text("#now-author")) == ("A title", "Author")
    play(page, 2)
    wait_for_text(page, "#now-released", "sidflow-feedback")


def test_each_of_nine_voices_can_be_muted(without_engine: Page, tmp_path: Path) -> None:
    page, file = without_engine, tmp_path / "three.sid"
    file.write_bytes(psid(clicker(), version=4, play=clicker_play(), more_sids=(0x42, 0x44)))
    page.set_input_files("#own-file", file)
    wait_until_playing(page)
    page.wait_for_selector("#voices button:nth-child(9)")
    buttons = page.locator("#voices button")
    assert buttons.all_text_contents() == [
        f"SID {chip}, voice {voice}" for chip in (1, 2, 3) for voice in (1, 2, 3)
    ]
    for number in range(VOICES):
        buttons.nth(number).click()
        page.wait_for_selector(f"#voices button:nth-child({number + 1})[aria-pressed=true]")
        assert page.locator("#voices [aria-pressed=true]").count() == 1
        buttons.nth(number).click()
        page.wait_for_selector(f"#voices button:nth-child({number + 1})[aria-pressed=false]")


def test_feeling_is_told_as_far_as_it_is_known(page: Page) -> None:
    page.wait_for_selector("html[data-model^=global]")
    page.wait_for_selector(PREDICTED)
    energies: list[float] = page.eval_on_selector_all(
        "#tunes tr[data-path]", "rows => rows.map(row => Number(row.dataset.prediction.split(' ')[0]))"
    )
    for energy, feeling in ((min(energies), "It may feel calm."), (max(energies), "It may feel driving.")):
        play(page, energies.index(energy) + 1)
        wait_for_text(page, "#match-feeling", feeling)


def test_a_press_on_a_waveform_mutes_its_voice(without_engine: Page) -> None:
    page = without_engine
    play(page, 1)
    page.wait_for_selector("#now-author button")  # The last that is shown of a tune.
    box = page.locator("#scope").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2)
    page.wait_for_selector("#voices button:nth-child(2)[aria-pressed=true]")
    assert page.get_attribute("#voices button:nth-child(1)", "aria-pressed") == "false"


def test_full_screen_shows_waveforms_and_title_until_escape(without_engine: Page) -> None:
    page = without_engine
    page.keyboard.press("f")
    assert page.evaluate("document.fullscreenElement") is None, "nothing plays"
    play(page, 1)
    page.click("#full-screen")
    page.wait_for_function("document.fullscreenElement?.id === 'stage'")
    stage, scope = page.locator("#stage").bounding_box(), page.locator("#scope").bounding_box()
    assert stage
    assert scope
    assert scope["height"] > 0.6 * stage["height"]
    assert page.locator("#now-name").is_visible()
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement === null")
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement?.id === 'stage'")
    page.click("#leave-full-screen")
    page.wait_for_function("document.fullscreenElement === null")


def test_a_prediction_that_is_missing_is_not_sure_yet(without_engine: Page) -> None:
    page = without_engine
    play(page, 1)
    page.wait_for_function("document.querySelector('#match-verdict').textContent === 'Not sure yet'")
    reason = "The prediction comes when learning has started."
    assert page.text_content("#match-why") == page.text_content("#why-playing") == reason
    assert page.get_attribute("#match-gauge", "data-level") == "0"
    assert page.is_hidden("#now-facts"), "the facts of the emulation are below Details"
    page.click("#details summary")
    assert "Clock" in page.inner_text("#now-facts")
    assert "Preference" in page.inner_text("#match-figures")


def test_what_is_said_of_an_unknown_taste_depends_on_whether_learning_is_on(page: Page) -> None:
    assert "It can learn" in page.inner_text("#start"), "learning is off"
    page.wait_for_selector("html[data-model^=global]")
    play(page, 1)
    off = "Learning is off. Turn it on in Preferences to make your likes count."
    wait_for_text(page, "#match-why", off)
    assert page.text_content("#why-playing") == "Not sure yet whether you like this tune. " + off
    page.click("#tunes tbody tr:nth-child(1) button.why")
    wait_for_text(page, ".why-row p", "Not sure yet whether you like this tune. " + off)
    page.click("#tab-preferences")
    page.check("[name=training]")
    page.click("#tab-play")
    wait_for_text(page, "#match-why", "Likes, dislikes, and ratings of other tunes help.")


OVERLAPS = """() => {
    const waves = document.querySelector("#scope").getBoundingClientRect();
    const range = document.createRange();
    return [...document.querySelectorAll("#voices button")].filter((button) => {
        range.selectNodeContents(button);
        const name = range.getBoundingClientRect();
        return name.right > waves.left || name.width === 0 || waves.width < 100;
    }).map(({ textContent }) => textContent);
}"""


@pytest.mark.parametrize("width", [360, 1200, 1920])
def test_names_of_voices_stand_beside_their_waveforms(
    without_engine: Page, tmp_path: Path, width: int
) -> None:
    page = without_engine
    page.set_viewport_size({"width": width, "height": 800})
    page.click("#tunes tbody tr:first-child button.tune")
    wait_until_playing(page)
    if page.is_visible("#open-sheet"):
        page.click("#open-sheet")
    page.wait_for_selector("#voices button", state="visible")
    assert page.evaluate(OVERLAPS) == []
    page.keyboard.press("Escape")
    file = tmp_path / "nine.sid"
    file.write_bytes(psid(clicker(), play=clicker_play(), version=4, more_sids=(0x42, 0x44)))
    page.set_input_files("#own-file", file)
    page.wait_for_function("document.querySelectorAll('#voices button').length === 9")
    if page.is_visible("#open-sheet"):
        page.click("#open-sheet")
    page.wait_for_selector("#voices button", state="visible")
    assert page.evaluate(OVERLAPS) == []
