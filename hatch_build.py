"""Refuses to build a wheel of the library without the files that set-up makes."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MADE = ("sidflow_feedback/store/idb/index.js", "sidflow_feedback/learning/first_model.json")


class Complete(BuildHookInterface[Any]):
    """Checks the files. An editable installation comes before set-up and needs none."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Check that the files exist."""
        del build_data
        for name in MADE:
            if version != "editable" and not Path(self.root, name).is_file():
                raise FileNotFoundError(
                    f"The wheel would be incomplete: {name} is missing, which set-up makes. Run `make dist`."
                )
