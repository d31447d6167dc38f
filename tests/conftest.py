"""One protected database for all tests of a run: protecting it costs more than many a test of it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.databases import make_plain
from tests.test_initialization import protect
from wizard.engine import kdf


@pytest.fixture(scope="session")
def protected_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory that every `protected_node` is a copy of."""
    directory = tmp_path_factory.mktemp("protected")
    directory.joinpath("data").mkdir()
    node = make_plain(directory / "data/node.db", rows=5)
    protect(node, directory, original="remove")
    return directory


@pytest.fixture
def protected_node(protected_once: Path, tmp_path: Path) -> Path:
    """A protected database of 5 rows in a directory of its own; its sheet is beside that."""
    shutil.copytree(protected_once, tmp_path, dirs_exist_ok=True)
    return tmp_path / "data/node.db"


@pytest.fixture
def cheapest_derivation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 with hardly any memory, whatever the metadata say; a forked child inherits it.

    For tests that run a verb hundreds of times to see what it does to the disk.
    """
    real = kdf._derive

    def derive(passphrase, *, params, **rest):
        least = replace(params, memory_kib=8 * params.lanes, passes=1)
        return real(passphrase, params=least, **rest)

    monkeypatch.setattr(kdf, "_derive", derive)
