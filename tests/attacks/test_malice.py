"""Hostile files and messages: never accepted, never a surprise, never a second or 200 MiB."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.attacks import FULL
from tests.attacks.readers import NAMES

COUNT = 6000 if FULL else 200
MOST_MIB = 200
needs_atheris = pytest.mark.skipif(
    not FULL or importlib.util.find_spec("atheris") is None, reason="many runs, steered by atheris"
)


@pytest.mark.timeout(3600)
def test_nothing_spoilt_at_random_is_accepted(tmp_path):
    assert len(fuzzed(tmp_path, "all", "hypothesis")) == len(NAMES)


@pytest.mark.timeout(3600)
@needs_atheris
@pytest.mark.parametrize("name", NAMES)
def test_nothing_spoilt_with_a_purpose_is_accepted(tmp_path, name):
    fuzzed(tmp_path, name, "atheris")


def fuzzed(directory, name, driver):
    done = subprocess.run(
        [sys.executable, "-m", "tests.attacks.fuzzing", name, str(COUNT), driver, str(directory)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    for facts in told:
        print(driver, facts)
        assert facts["count"] >= COUNT
        assert facts["peak_mib"] < MOST_MIB
        refused = facts["became"].keys() - {"as it was"}
        assert refused, "nothing was refused: is it reached?"
    return told
