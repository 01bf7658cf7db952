import json
import shutil
import subprocess
import zlib
from pathlib import Path

import pytest

from app.errors import SetupError
from app.setup import node
from tests.patience import PATIENCE

SCRIPT = Path(node.__file__).with_name("compress.mjs")
needs_node = pytest.mark.skipif(not shutil.which("node"), reason="no Node.js here")


@needs_node
def test_copies_are_complete_when_they_appear(tmp_path: Path) -> None:
    source, target = tmp_path / "page.js", tmp_path / "copy.gz"
    source.write_bytes(b"page" * 1000)
    node.run_script("compress.mjs", [[source, target, ".gz", 9]], lowest_priority=True)
    assert zlib.decompress(target.read_bytes(), wbits=31) == b"page" * 1000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.gz", "page.js"]


@needs_node
def test_it_ends_with_whoever_started_it(tmp_path: Path) -> None:
    source, target = tmp_path / "page.js", tmp_path / "copy.br"
    source.write_bytes(bytes(range(256)) * 400_000)
    command = ["node", str(SCRIPT)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as script:
        assert script.stdin
        script.stdin.write(json.dumps([[str(source), str(target), ".br", 11]]) + "\n")
        script.stdin.close()
        assert script.wait(PATIENCE) == 1
    assert not target.exists()


@needs_node
def test_error_of_a_script_is_shown(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"(?s)could not run compress\.mjs.*none-such"):
        node.run_script("compress.mjs", [[tmp_path / "none-such", tmp_path / "copy.br", ".br", 5]])
