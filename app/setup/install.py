"""Installs Python packages with uv, which takes a tenth of pip's time, or with pip where uv can't.

`make` runs this file with the system's Python, so it imports nothing but the standard library.
"""

import argparse
import ast
import os
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent / "requirements"
UV = "uv.txt"
OLDEST_PYTHON = (3, 11)

SECTIONS = ("global", "install", ":env:")
"""Sections of pip's configuration that apply to an installation; a later one overrides an earlier one."""

_HARMLESS = """
    break-system-packages cache-dir compile config-file constraint disable-pip-version-check exists-action log
    no-cache-dir no-color no-compile no-input no-python-version-warning no-warn-script-location prefer-binary
    progress-bar quiet require-hashes require-virtualenv root-user-action user verbose
"""
"""Settings of pip that don't change where locked packages come from."""


class InstallError(Exception):
    """Packages can't be installed; the message says what happened, why, and what to do."""


class UntranslatableError(Exception):
    """uv has no counterpart of a setting of pip."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Install the locked packages that the arguments name, and return the exit status."""
    parser = argparse.ArgumentParser(description="Install locked Python packages.")
    parser.add_argument("--target", type=Path, metavar="DIR", help="a folder to install into, with its cache")
    parser.add_argument(
        "--environment", type=Path, metavar="DIR", help="an environment, made if it is missing"
    )
    parser.add_argument("locks", nargs="+", metavar="LOCK", help="lock files in requirements/")
    options = parser.parse_args(arguments)
    locks = [REQUIREMENTS / name for name in options.locks]
    try:
        if options.target:
            cache = ("--cache-dir", str(options.target / ".cache"))
            install(Path(sys.executable), locks, ["--quiet", "--target", str(options.target), *cache])
        else:
            python = make_environment(options.environment)
            fetch_uv(python)
            install(python, locks)
            install_project(python, REQUIREMENTS.parents[2])
    except InstallError as error:
        _say(str(error))
        return 1
    return 0


def make_environment(folder: Path) -> Path:
    """Return the interpreter of the environment in `folder`, which is made unless it exists.

    It gets no pip, which would take seconds.

    Raises
    ------
    InstallError
        If it can't be made.
    """
    if sys.version_info < OLDEST_PYTHON:
        raise InstallError(
            f"Python 3.11 or later is needed, and {sys.executable} is {sys.version.split()[0]}. "
            "Name a newer one, such as: make run PYTHON=python3.12"
        )
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        try:
            venv.create(folder, with_pip=False, symlinks=os.name != "nt")
        except OSError as error:
            raise InstallError(f"The environment {folder} can't be made: {error}.") from error
    return python


def fetch_uv(python: Path) -> None:
    """Install uv with pip, unless it is there. A failure is only reported, since pip can do without."""
    lock = str(REQUIREMENTS / UV)
    fetch = ["install", "--quiet", "--require-hashes", "-r", lock]
    if not _uv(python).is_file() and _run([*pip_command(python), *fetch]):
        _say("uv could not be installed (the reason is above), so pip installs the packages.")


def install(python: Path, requirements: Sequence[Path], options: Sequence[str] = ()) -> None:
    """Install locked packages into the environment of `python`.

    Parameters
    ----------
    python
        Its interpreter.
    requirements
        Lock files. Each package in them has its SHA-256.
    options
        Further arguments that uv and pip share.

    Raises
    ------
    InstallError
        If neither uv nor pip can do it. Their own messages were printed before.
    """
    pip = pip_command(python)
    files = [argument for path in requirements for argument in ("-r", str(path))]
    locked = ["install", "--require-hashes", *options, *files]
    if _install_with_uv(python, pip, locked):
        return
    if _run([*pip, *locked, "--progress-bar", "off"]):
        raise InstallError(
            "The Python packages could not be installed; pip's message is above. "
            "Check that the Python package index can be reached (see pip's own settings), then try again."
        )


def install_project(python: Path, project: Path) -> None:
    """Make the sources in `project` importable in the environment, with their metadata.

    Raises
    ------
    InstallError
        If that fails.
    """
    options = ["install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "-e", str(project)]
    uv = _uv(python)
    command = (
        [str(uv), "pip", *options, "--python", str(python)]
        if uv.is_file()
        else [*pip_command(python), *options]
    )
    if _run(command):
        raise InstallError(f"{project} could not be installed; the reason is above.")


def pip_command(python: Path) -> list[str]:
    """Return a command that runs pip for the environment of `python`.

    pip is used from wherever it is, since copying it into an environment takes seconds.

    Raises
    ------
    InstallError
        If there is none, and Python can't install its own.
    """
    candidates = [str(python), "-m", "pip"], [sys.executable, "-m", "pip", "--python", str(python)]
    for command in candidates:
        if _succeeds([*command, "--version"]):
            return command
    if _succeeds([str(python), "-m", "ensurepip"]):
        return candidates[0]
    raise InstallError(
        "This Python has no pip, which fetches the other packages. Install it "
        "(on Debian: apt-get install python3-pip), then try again."
    )


def _uv(python: Path) -> Path:
    return python.with_name("uv.exe" if os.name == "nt" else "uv")


def _install_with_uv(python: Path, pip: list[str], locked: list[str]) -> bool:
    """Return whether uv has installed the packages. A message says why not."""
    uv = _uv(python)
    if not uv.is_file():
        return False
    try:
        environment = uv_environment(_output([*pip, "config", "list"]), os.environ)
    except UntranslatableError as error:
        _say(f"{error}, so pip installs the packages. That takes about a minute and a half.")
        return False
    command = [str(uv), "pip", locked[0], "--python", str(python), *locked[1:]]
    if _run(command, {**os.environ, **environment}):
        _say("uv could not install the packages (its message is above), so pip tries again.")
        return False
    return True


def uv_environment(configuration: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Translate pip's configuration for uv, which doesn't read it.

    Parameters
    ----------
    configuration
        What ``pip config list`` prints.
    environment
        The environment. uv's own variables in it win over pip's settings.

    Returns
    -------
    dict
        Variables to add to the environment.

    Raises
    ------
    UntranslatableError
        If there is a setting that uv has no counterpart of.
    """
    # pip treats all indexes alike; uv would stop at the first one that knows a name. Hashes make this safe.
    variables = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
    for name, value in _settings(configuration).items():
        if name in TRANSLATIONS:
            variables.update(TRANSLATIONS[name](value))
        elif name not in _HARMLESS.split():
            raise UntranslatableError(f"uv has no counterpart of pip's setting {name} = {value!r}")
    return {
        name: value
        for name, value in variables.items()
        if not (name.startswith("UV_") and name in environment)
    }


def _settings(configuration: str) -> dict[str, str]:
    """Return the settings that apply to an installation, by name."""
    sections: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for line in configuration.splitlines():
        key, separator, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if separator and section in sections:
            sections[section][name] = ast.literal_eval(value)
    return {name: value for section in SECTIONS for name, value in sections[section].items() if value}


def _variable(*names: str, separator: str = " ") -> Callable[[str], dict[str, str]]:
    """Return a translation to variables with the same value, in which `separator` divides several ones."""
    return lambda value: dict.fromkeys(names, separator.join(value.split()))


def _keyring(value: str) -> dict[str, str]:
    if value == "import":
        raise UntranslatableError("uv can't use pip's setting keyring-provider = 'import'")
    return {} if value == "auto" else {"UV_KEYRING_PROVIDER": value}


TRANSLATIONS: Mapping[str, Callable[[str], dict[str, str]]] = {
    "cert": _variable("SSL_CERT_FILE"),
    "client-cert": _variable("SSL_CLIENT_CERT"),
    "default-timeout": _variable("UV_HTTP_TIMEOUT"),
    "extra-index-url": _variable("UV_EXTRA_INDEX_URL"),
    "find-links": _variable("UV_FIND_LINKS", separator=","),
    "index-url": _variable("UV_DEFAULT_INDEX"),
    "keyring-provider": _keyring,
    "proxy": _variable("HTTP_PROXY", "HTTPS_PROXY"),
    "retries": _variable("UV_HTTP_RETRIES"),
    "timeout": _variable("UV_HTTP_TIMEOUT"),
    "trusted-host": _variable("UV_INSECURE_HOST"),
}
"""How uv is given a setting of pip, as variables of its environment."""


def _run(command: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    return subprocess.run(command, env=environment, check=False).returncode


def _succeeds(command: Sequence[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
