"""A real nginx with the files of ``deploy/nginx``, on loopback ports, with a certificate of its own."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.patience import PATIENCE, wait_until

ROOT = Path(__file__).parents[2]
FILES = ROOT / "deploy" / "nginx"
LOCATIONS, BELOW_PATH = "snippets/sidflow-locations.conf", "snippets/sidflow-below-path.conf"
PROGRAMS = "/usr/sbin:/usr/local/sbin:/usr/bin"

MAIN = """
{user}
daemon off;
pid nginx.pid;
error_log log/error.log;
events {{}}
http {{
    access_log log/access.log;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include conf.d/*.conf;
    include sites-available/*;
}}
"""
"""In place of Debian's nginx.conf, which writes to the system's folders."""


@dataclass(frozen=True)
class Proxy:
    """A running nginx: its addresses (without a path), and the folder with its files."""

    http: str
    https: str
    folder: Path

    def logged(self) -> str:
        """Return all that it has logged."""
        return "".join(path.read_text() for path in (self.folder / "log").iterdir())


@contextmanager
def nginx(folder: Path, server: str, *, locations: str = LOCATIONS) -> Iterator[Proxy]:
    """Run nginx with the files of `deploy/`, in front of the server at this address ("127.0.0.1:8064")."""
    program = _program()
    plain, tls = _free_ports(2)
    _configure(folder, server, locations, plain, tls)
    with _running(program, folder, tls):
        yield Proxy(f"http://127.0.0.1:{plain}", f"https://127.0.0.1:{tls}", folder)


@contextmanager
def bare_nginx(folder: Path, locations: str) -> Iterator[str]:
    """Run nginx with these locations and nothing else; yield its URL."""
    program = _program()
    [port] = _free_ports(1)
    for name in ("conf.d", "sites-available", "log"):
        (folder / name).mkdir()
    (folder / "conf.d" / "site.conf").write_text(f"server {{ listen 127.0.0.1:{port}; {locations} }}")
    _write_main(folder)
    with _running(program, folder, port):
        yield f"http://127.0.0.1:{port}"


def _program() -> str:
    program = shutil.which("nginx", path=PROGRAMS)
    if not program:
        pytest.skip("nginx is not installed (on Debian: apt-get install nginx-light)")
    return program


@contextmanager
def _running(program: str, folder: Path, port: int) -> Iterator[None]:
    command = [program, "-p", str(folder), "-c", "nginx.conf"]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: process.poll() is not None or _accepts(port))
        assert process.poll() is None, (folder / "log" / "error.log").read_text()
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _configure(folder: Path, server: str, locations: str, plain: int, tls: int) -> None:
    """Copy the files, with the ports and folders of this test in place of the system's."""
    shutil.copytree(FILES, folder, dirs_exist_ok=True)
    (folder / "log").mkdir()
    (folder / "acme").mkdir()
    _make_certificate(folder)
    replaced = {
        "server 127.0.0.1:8064;": f"server {server};",
        "listen [::]:80;": "",
        "listen [::]:443 ssl http2;": "",
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{tls} ssl http2;",
        "/etc/letsencrypt/live/sidflow.example": str(folder),
        "/var/www/html": str(folder / "acme"),
        "/var/log/nginx": str(folder / "log"),
        LOCATIONS: locations,
        # What counts against the burst stays there, however long the test takes.
        "rate=20r/s": "rate=1r/m",
    }
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pem"]
    texts = {path: path.read_text() for path in files}
    missing = [old for old in replaced if not any(old in text for text in texts.values())]
    assert not missing, f"deploy/nginx no longer has {missing}"
    for path, text in texts.items():
        for old, new in replaced.items():
            text = text.replace(old, new)
        path.write_text(text)
    _write_main(folder)


def _write_main(folder: Path) -> None:
    # As root, its workers would be another user, who can't read here.
    user = "user root;" if _is_root() else ""
    (folder / "nginx.conf").write_text(MAIN.format(user=user))


def _make_certificate(folder: Path) -> None:
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.skip("openssl is not installed (on Debian: apt-get install openssl)")
    files = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subject = ["-subj", "/CN=sidflow.example", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([openssl, "req", "-x509", *key, *files, *subject], check=True, capture_output=True)


def _is_root() -> bool:
    return Path("/proc/self").stat().st_uid == 0


def _accepts(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [listener.getsockname()[1] for listener in listeners]
