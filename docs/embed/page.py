"""Somebody's page of loops. It embeds taste learning in the three lines that are marked."""

import asyncio

from pyscript import document, when
from pyscript.js_modules import loops

from sidflow_feedback import Feedback  # one

status = document.querySelector("#status")


def show(text):
    """Tell the listener."""
    status.textContent = text


tracks = [{"item_id": "loop-" + str(number)} for number in range(loops.count)]
rated = set()


def build():
    """Make a line for each loop."""
    for number in range(loops.count):
        item = document.createElement("li")
        item.dataset.number = str(number)
        item.append(button("Play", "play"))
        for stars in range(1, 6):
            item.append(button(str(stars), "rate"))
        expected = document.createElement("output")
        item.append(expected)
        document.querySelector("#loops").append(item)


def button(text, what):
    """Return a button that says what it is for."""
    element = document.createElement("button")
    element.textContent = text
    element.className = what
    return element


@when("click", "#loops")
def clicked(event):
    """Play a loop, or record what the listener thinks of it."""
    number = int(event.target.closest("li").dataset.number)
    track = tracks[number]
    if event.target.className == "play":
        loops.play(number)
        feedback.recorder.action("play", track)
    elif event.target.className == "rate":
        stars = int(event.target.textContent)
        feedback.recorder.rating({"e": stars, "m": stars, "c": stars, "p": stars}, track)
        rated.add(number)
        show("Rated " + str(stars) + ".")
        if len(rated) == loops.count:
            asyncio.create_task(feedback.configure(training=True))


async def predict():
    """Show beside each loop how much the listener may like it."""
    songs = await feedback.predict([track["features"] for track in tracks])
    outputs = document.querySelectorAll("#loops output")
    for number in range(len(songs)):
        outputs[number].textContent = "you: " + str(round(songs[number]["p"], 1))


async def main():
    """Embed, describe the loops by their sound, and follow the model."""
    global feedback
    feedback = await Feedback.connect("loops", show)  # two
    await feedback.start()  # three
    build()
    for number in range(loops.count):
        samples = loops.samples(number)
        tracks[number]["features"] = await feedback.features(samples, loops.rate, loops.seconds)
    feedback.on_run(lambda run: show("Learned." if run["tells"] else "Can’t tell yet."))
    feedback.on_model(lambda _model: asyncio.create_task(predict()))
    show("Ready to learn.")


asyncio.create_task(main())
