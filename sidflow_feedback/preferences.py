"""The listener's preferences for the engine, and how settings are validated. Runs on MicroPython too."""

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any, Protocol

    class Rule(Protocol):
        """What a setting may be."""

        @property
        def default(self) -> Any:
            """The value of a setting that was never changed."""

        def problem(self, value: Any) -> str | None:
            """Return what is wrong with a value, None if it is valid."""


class Switch:
    """On or off."""

    def __init__(self, default: bool) -> None:
        self.default = default

    def problem(self, value: "Any") -> str | None:
        """Return what is wrong with a value, None if it is valid."""
        return None if isinstance(value, bool) else "Choose on or off."


class WholeNumber:
    """A whole number between two limits, both included."""

    def __init__(self, default: int, minimum: int, maximum: int) -> None:
        self.default, self.minimum, self.maximum = default, minimum, maximum

    def problem(self, value: "Any") -> str | None:
        """Return what is wrong with a value, None if it is valid."""
        if isinstance(value, int) and not isinstance(value, bool) and self.minimum <= value <= self.maximum:
            return None
        return "Enter a whole number from " + str(self.minimum) + " to " + str(self.maximum) + "."


class Choice:
    """One of several texts; the first one is the default."""

    def __init__(self, *choices: str) -> None:
        self.default, self.choices = choices[0], choices

    def problem(self, value: "Any") -> str | None:
        """Return what is wrong with a value, None if it is valid."""
        return None if value in self.choices else "Choose one of " + ", ".join(self.choices) + "."


class Schema:
    """Settings by name, each with its rule."""

    def __init__(self, rules: "dict[str, Rule]") -> None:
        self.rules = rules

    @property
    def defaults(self) -> "dict[str, Any]":
        """The settings that were never changed."""
        return {name: rule.default for name, rule in self.rules.items()}

    def problem(self, name: str, value: "Any") -> str | None:
        """Return what is wrong with a setting, None if it is valid."""
        if name not in self.rules:
            return "There is no setting '" + str(name) + "'."
        return self.rules[name].problem(value)

    def validated(self, values: "dict[str, Any]") -> "dict[str, Any]":
        """Return all settings: `values` where they are valid, the defaults elsewhere."""
        return {
            name: values[name] if name in values and rule.problem(values[name]) is None else rule.default
            for name, rule in self.rules.items()
        }


ITERATIONS = WholeNumber(200, 10, 1000)
"""Optimizer steps of a training run."""

SAMPLES = WholeNumber(512, 16, 4096)
"""Maximum number of ratings that a training run uses."""

LEARNER = Choice("numpy", "ridge", "sgd", "mlp")

PREFERENCES = Schema(
    {
        "training": Switch(False),
        "iterations": ITERATIONS,
        "samples": SAMPLES,
        "learner": LEARNER,
        "sync": Switch(False),
        "cadence": WholeNumber(60, 5, 1440),  # Minutes between uploads.
        "privacy": Choice("off", "4", "2", "1"),  # The epsilon of each event that is sent.
        "budget": WholeNumber(100, 10, 1000),  # Sum of the epsilons of all events that are sent.
        "alike": Choice("sound", "all"),  # What stations compare, see `analysis.embedding.Weighting`.
        "ownFiles": Switch(False),  # Whether events of the listener's own files are sent.
    }
)

SAFEGUARDS = ("privacy", "budget", "ownFiles")
"""What protects listeners who share: if a stored value can't be read, nothing is shared."""


def validated(values: "dict[str, Any]") -> "dict[str, Any]":
    """Return all preferences: `values` where they are valid, the defaults elsewhere.

    Values that another version stored, or that were edited by hand, can neither break the page nor share data
    with less protection than the listener chose.
    """
    valid = PREFERENCES.validated(values)
    if any(name in values and PREFERENCES.problem(name, values[name]) for name in SAFEGUARDS):
        valid["sync"] = False
    return valid
