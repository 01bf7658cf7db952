"""Containers that are built and run here, from a Debian made by debootstrap: no image is fetched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.patience import PATIENCE, wait_until

ROOT = Path(__file__).parents[2]
WORK = ROOT / "build" / "containers"
SUITE = "trixie"
BASE = f"localhost/sidflow-test-{SUITE}"
IMAGE = "localhost/sidflow-feedback"
OPERATOR = "localhost/sidflow-test-operator"
POSTGRES = "localhost/sidflow-test-postgres"

PROGRAMS = {
    "podman": "/usr/bin/podman",
    "runc": "/usr/sbin/runc",
    "debootstrap": "/usr/sbin/debootstrap",
    # Containers find each other by name with these two.
    "netavark": "/usr/lib/podman/netavark",
    "aardvark-dns": "/usr/lib/podman/aardvark-dns",
}
"""Debian's packages, and the program of each."""

CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
ADDED_CERTIFICATES = "/usr/local/share/ca-certificates/host.crt"
"""Where Debian looks for further authorities: some networks have one of their own."""

LIMITS = ["nofile=1024:1024", "nproc=4096:4096"]
"""Low enough for a root without the right to raise limits; podman's own are higher."""

POSTGRES_FILE = f"""
FROM {BASE}
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql \\
 && ln --symbolic /usr/lib/postgresql/*/bin/* /usr/local/bin/ \\
 && install --directory --owner postgres /var/lib/postgresql/data
COPY --chmod=755 start-postgres /usr/local/bin/
USER postgres
ENTRYPOINT ["start-postgres"]
"""
START_POSTGRES = """#!/bin/sh
# Does what the official image does with the variables of compose.yaml.
set -eu
cd /var/lib/postgresql
if ! [ -s data/PG_VERSION ]; then
    printf %s "$POSTGRES_PASSWORD" > password
    initdb --username "$POSTGRES_USER" --pwfile password --auth scram-sha-256 --encoding UTF8 --pgdata data
    echo "host all all all scram-sha-256" >> data/pg_hba.conf
    pg_ctl --pgdata data --wait --options "-c listen_addresses= -k /tmp" start
    PGPASSWORD=$POSTGRES_PASSWORD createdb --host /tmp --username "$POSTGRES_USER" "$POSTGRES_DB"
    pg_ctl --pgdata data --wait stop
fi
exec postgres -D data -c "listen_addresses=*" -k /tmp
"""

OPERATOR_FILE = f"""
FROM {BASE}
RUN apt-get update && apt-get install --yes --no-install-recommends \\
    systemd systemd-sysv dbus ca-certificates openssl
"""


class Podman:
    """Podman with the settings that it needs on this machine."""

    def __init__(self, folder: Path) -> None:
        configuration = folder / "containers.conf"
        configuration.write_text(_configuration())
        self.environment = {**os.environ, "CONTAINERS_CONF": str(configuration)}

    def run(self, *arguments: str, text: str | None = None) -> str:
        """Run a command of podman and return what it prints."""
        done = self.attempt(["podman", *arguments], text=text)
        assert done.returncode == 0, f"podman {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def attempt(
        self,
        command: Sequence[str],
        *,
        text: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command that uses podman, and return its result."""
        return subprocess.run(
            command,
            input=text,
            capture_output=True,
            text=True,
            check=False,
            env={**self.environment, **(environment or {})},
            cwd=ROOT,
        )

    def build(self, image: str, file: str, context: Path, *arguments: str) -> None:
        """Build an image; the log goes to the output of the test."""
        certificates = ("--volume", f"{CERTIFICATES}:{ADDED_CERTIFICATES}:ro")
        limits = [f"--ulimit={limit}" for limit in LIMITS]
        options = ("--network", "host", *limits, *certificates, "--file", file, "--tag", image)
        command = ["podman", "build", *options, *arguments, str(context)]
        subprocess.run(command, check=True, env=self.environment, stdout=sys.stdout, stderr=sys.stderr)

    def has(self, image: str) -> bool:
        return self.attempt(["podman", "image", "exists", image]).returncode == 0


def _configuration() -> str:
    """Return what differs from podman's defaults, which fail without some rights and on older systems."""
    limits = f"default_ulimits = {json.dumps(LIMITS)}"
    # crun, the default, knows version 2 of control groups only.
    old = not Path("/sys/fs/cgroup/cgroup.controllers").exists()
    engine = '[engine]\nruntime = "runc"\n' if old else ""
    return f'[containers]\n{limits}\n{engine}[network]\nnetwork_backend = "netavark"\n'


def require_tools() -> None:
    """Skip where containers can't be built."""
    missing = [name for name, program in PROGRAMS.items() if not Path(program).exists()]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (on Debian: apt-get install {' '.join(missing)})")
    if os.geteuid() != 0:
        pytest.skip("debootstrap needs root")


def make_base(podman: Podman) -> None:
    """Make the image that stands for Debian's own, unless an earlier run has."""
    if podman.has(BASE):
        return
    tree = WORK / SUITE
    shutil.rmtree(tree, ignore_errors=True)
    subprocess.run(["debootstrap", "--variant=minbase", SUITE, str(tree)], check=True)
    shutil.rmtree(tree / "var" / "cache" / "apt" / "archives")
    packed = WORK / f"{SUITE}.tar"
    subprocess.run(["tar", "--create", "--file", str(packed), "--directory", str(tree), "."], check=True)
    podman.run("import", "--quiet", str(packed), BASE)
    shutil.rmtree(tree)
    packed.unlink()


def build_application(podman: Podman) -> None:
    podman.build(IMAGE, "deploy/Containerfile", ROOT, "--build-arg", f"BASE={BASE}")


def build_postgres(podman: Podman, folder: Path) -> None:
    if not podman.has(POSTGRES):
        (folder / "Containerfile").write_text(POSTGRES_FILE)
        (folder / "start-postgres").write_text(START_POSTGRES)
        podman.build(POSTGRES, str(folder / "Containerfile"), folder)


def build_operator(podman: Podman, folder: Path) -> None:
    if not podman.has(OPERATOR):
        (folder / "Containerfile").write_text(OPERATOR_FILE)
        podman.build(OPERATOR, str(folder / "Containerfile"), folder)


class Machine:
    """A Debian with systemd, as if just installed. It has a network of its own."""

    def __init__(self, podman: Podman) -> None:
        self._podman = podman
        self.name = podman.run(
            # What systemd has on a real machine, and needs for the sandbox of services.
            *("run", "--detach", "--systemd=always", "--cap-add=SYS_ADMIN,SYS_PTRACE"),
            *("--security-opt=seccomp=unconfined", "--hostname=sidflow.example"),
            *("--volume", f"{CERTIFICATES}:{ADDED_CERTIFICATES}:ro"),
            *("--volume", f"{ROOT / 'dist'}:/root/sidflow/dist:ro"),
            *("--volume", f"{ROOT / 'deploy'}:/root/sidflow/deploy:ro"),
            # Else systemd refuses to start where there is no version 2 of control groups.
            *(OPERATOR, "/lib/systemd/systemd", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"),
        )
        wait_until(lambda: self.attempt("systemctl is-active multi-user.target").returncode == 0, pause=0.5)

    def attempt(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a script of bash as root."""
        shell = ["bash", "-euo", "pipefail", "-s"]
        command = ["podman", "exec", "--interactive", "--workdir", "/root/sidflow", self.name, *shell]
        return self._podman.attempt(command, text=script)

    def run(self, script: str) -> str:
        """Run a script that must succeed, and return what it prints."""
        done = self.attempt(script)
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    def remove(self) -> None:
        self._podman.run("rm", "--force", "--time", str(round(PATIENCE)), self.name)
