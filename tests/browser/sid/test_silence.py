"""The detection of a song's end, on synthetic signals and on the sound of real programs."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from app.composer.assembler import assemble
from tests.browser.sid.pages import TUNE
from tests.patience import patient
from tests.wasm.programs import CLICK, LEVEL, PAL, SAMPLE_DIGI, digi, header_flags, rsid
from tests.wasm.psid import psid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

CHIPS = (6581, 8580)

LISTEN = """async ([data, seconds]) => {
    const { SidEmulator, MAX_FRAMES } = await import("/static/js/sid/emulator.js");
    const { SilenceDetector } = await import("/static/js/sid/silence.js");
    globalThis.sidEmulator ??= await SidEmulator.fetch("/static/vendor/sid/sid.wasm");
    sidEmulator.load(Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)));
    sidEmulator.start(0, 44100);
    const detector = new SilenceDetector(44100);
    for (let left = seconds * 44100; left > 0 && detector.end === null; left -= MAX_FRAMES) {
        detector.add(sidEmulator.render(MAX_FRAMES));
    }
    return { heard: detector.hasSound, end: detector.end };
}"""

SIGNAL = """async ([source, seconds]) => {
    const { SilenceDetector } = await import("/static/js/sid/silence.js");
    const detector = new SilenceDetector(44100);
    const at = new Function("t", `return ${source}`);
    for (let block = 0; block < seconds * 10; block++) {
        detector.add(Float32Array.from({ length: 4410 }, (_, i) => at(block / 10 + i / 44100)));
    }
    return { heard: detector.hasSound, end: detector.end };
}"""


@pytest.fixture(scope="module")
def page(browser: Browser, address: str) -> Iterator[Page]:
    """One page for all tests, so that the emulator builds its tables only once."""
    with patient(browser.new_context()) as context:
        page = context.new_page()
        page.goto(f"{address}/blank.html")
        yield page


def signal(page: Page, source: str, seconds: int = 20) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(SIGNAL, [source, seconds])
    return found


def listen(page: Page, tune: bytes, seconds: int = 20) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(LISTEN, [base64.b64encode(tune).decode(), seconds])
    return found


def timed(*steps: tuple[float, str], chip: int = 6581) -> bytes:
    """Return a tune that runs code at the given times in seconds, each below 21."""
    checks = "".join(
        f" lda frame+1\n cmp #{round(50 * at) >> 8}\n bne no{i}\n lda frame\n cmp #{round(50 * at) & 255}\n"
        f" bne no{i}\n{code}\nno{i}: nop\n"
        for i, (at, code) in enumerate(steps)
    )
    program = assemble(
        "* = $1000\n rts\nplay: inc frame\n bne kept\n inc frame+1\nkept: nop\n"
        f"{checks} rts\nframe: .byte 0, 0\n"
    )
    return psid(program.code, play=program.symbols["play"], flags=header_flags(PAL, chip))


LOUD = " lda #$0f\n sta $d418\n"
NOTE = " lda #$11\n sta $d401\n lda #$f0\n sta $d406\n lda #8\n sta $d403\n lda #$41\n sta $d404\n"
OFF = " lda #$40\n sta $d404\n"
QUIET = " lda #0\n sta $d418\n"


@pytest.mark.parametrize("chip", CHIPS)
def test_end_of_a_one_second_sound_effect_is_found(page: Page, chip: int) -> None:
    found = listen(page, timed((0.1, LOUD + NOTE), (1.1, OFF), chip=chip))
    assert found["end"] == pytest.approx(1.1, abs=0.1)


def test_envelope_fade_ends_when_it_is_inaudible(page: Page) -> None:
    slow = NOTE.replace("#$f0", "#$fa")
    found = listen(page, timed((0.1, LOUD + slow), (1.0, OFF)))
    assert 1.5 < found["end"] < 3.5


def test_five_second_rest_is_not_the_end(page: Page) -> None:
    tune = timed((0.1, LOUD + NOTE), (2, OFF), (7, NOTE), (9, OFF))
    assert listen(page, tune)["end"] == pytest.approx(9, abs=0.1)


def test_silence_before_the_first_sound_is_not_the_end(page: Page) -> None:
    tune = timed((9, LOUD + NOTE), (10, OFF))
    assert listen(page, tune, 8) == {"heard": False, "end": None}
    assert listen(page, tune)["end"] == pytest.approx(10, abs=0.1)


def test_volume_clicks_are_not_sound(page: Page) -> None:
    clicks = [(at / 2, LOUD if at % 2 else QUIET) for at in range(1, 10)]
    assert not listen(page, timed(*clicks), 6)["heard"]
    ended = timed((0.1, LOUD + NOTE), (2, OFF), (4, QUIET), (6, LOUD))
    assert listen(page, ended)["end"] == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("chip", CHIPS)
def test_leaking_oscillators_are_not_sound(page: Page, chip: int) -> None:
    others = " lda #$30\n sta $d40f\n lda #$80\n sta $d412\n lda #$15\n sta $d408\n lda #$20\n sta $d40b\n"
    tune = timed((0.1, LOUD + NOTE + others), (1, OFF), chip=chip)
    assert listen(page, tune)["end"] == pytest.approx(1, abs=0.1)


def test_faintest_possible_note_is_sound(page: Page) -> None:
    faint = NOTE.replace("#$f0", "#$10")
    for chip in CHIPS:
        assert listen(page, timed((0.1, LOUD + faint), chip=chip), 9) == {"heard": True, "end": None}


def test_digis_are_sound_while_their_samples_change(page: Page) -> None:
    assert listen(page, rsid(SAMPLE_DIGI, flags=header_flags(PAL, 6581)), 9) == {"heard": True, "end": None}
    clicker = digi(0x8000, CLICK, LEVEL)
    assert listen(page, rsid(clicker, flags=header_flags(PAL, 6581)), 9) == {"heard": True, "end": None}


def test_playing_music_has_no_end(page: Page, files: dict[str, bytes]) -> None:
    assert listen(page, files[TUNE], 20) == {"heard": True, "end": None}


def test_constant_offset_is_not_sound(page: Page) -> None:
    assert not signal(page, "0.8")["heard"]
    assert not signal(page, "0.5 * Math.exp(-t / 2)")["heard"]
    tone = "(t < 3 ? 0.1 * Math.sin(440 * t) : 0) + (t > 5 ? 0.4 : -0.3)"
    assert signal(page, tone)["end"] == pytest.approx(3, abs=0.05)


def test_drums_are_sound(page: Page) -> None:
    drum = "t % 1 < 0.06 ? 0.3 * Math.sin(700 * t) : 0"
    assert signal(page, drum) == {"heard": True, "end": None}
    assert signal(page, "t % 0.05 < 0.025 ? 0.3 : 0") == {"heard": True, "end": None}
