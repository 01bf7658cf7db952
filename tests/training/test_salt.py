"""The secret that decides which uploads are sampled."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.training.errors import TrainingError
from app.training.salt import SECRET_BYTES, sampling_salt


def test_salt_is_that_of_the_installation_and_the_seed(tmp_path: Path) -> None:
    first = sampling_salt(tmp_path, 0)
    assert sampling_salt(tmp_path, 0) == first
    assert sampling_salt(tmp_path, 1) != first
    (tmp_path / "other").mkdir()
    assert sampling_salt(tmp_path / "other", 0) != first


def test_only_the_owner_can_read_the_secret(tmp_path: Path) -> None:
    sampling_salt(tmp_path, 0)
    [secret] = tmp_path.iterdir()
    assert secret.stat().st_mode & 0o777 == 0o600
    assert len(secret.read_bytes()) == SECRET_BYTES


def test_runs_at_the_same_time_share_one_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        salts = set(pool.map(lambda _: sampling_salt(tmp_path, 0), range(40)))
    assert len(salts) == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_damaged_secret_is_reported(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"short")
    with pytest.raises(TrainingError, match="Remove it"):
        sampling_salt(tmp_path, 0)
