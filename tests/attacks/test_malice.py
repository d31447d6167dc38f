"""Hostile files and messages: never accepted, never a surprise, never a second or 200 MiB."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.attacks import FULL
from tests.attacks.readers import NAMES, World
from wizard import engine
from wizard.api.tokens import read_tokens
from wizard.refusals import InvalidConfiguration

COUNT = 10_000 if FULL else 200  # of each reader, by each driver
MOST_MIB = 200
full_only = pytest.mark.skipif(not FULL, reason="many runs, steered by atheris")
needs_atheris = pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="atheris has no build for this Python"
)


@pytest.mark.timeout(3600)
def test_nothing_spoilt_at_random_is_accepted(tmp_path):
    assert len(judge(run_of(tmp_path, "all", "hypothesis"), "hypothesis")) == len(NAMES)


@pytest.mark.timeout(3600)
@full_only
@needs_atheris
@pytest.mark.parametrize("name", NAMES)
def test_nothing_spoilt_with_a_purpose_is_accepted(tmp_path, name):
    done = run_of(tmp_path, name, "atheris")
    judge(done, "atheris")
    reached = re.findall(r"cov: (\d+) ft: \d+ corp: (\d+)/", done.stderr)
    assert int(reached[-1][1]) > 1, "nothing was learned from: is the program instrumented?"
    print(f"atheris reached {reached[-1][0]} places with {reached[-1][1]} inputs kept")


def run_of(directory, name, driver):
    return subprocess.run(
        [sys.executable, "-m", "tests.attacks.fuzzing", name, str(COUNT), driver, str(directory)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )


def judge(done, driver):
    """Fails unless the whole run was refused, quickly and in little memory; returns what it told."""
    assert done.returncode == 0, done.stderr[-3000:]
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    for facts in told:
        print(driver, facts)
        assert facts["count"] >= COUNT
        assert facts["peak_mib"] < MOST_MIB
        refused = facts["became"].keys() - {"as it was"}
        assert refused, "nothing was refused: is it reached?"
    return told


@pytest.mark.parametrize(
    ("member", "value"), [("digest", ["a"]), ("expires_at", "9"), ("databases", [1]), ("id", None)]
)
def test_a_token_file_with_a_wrong_type_is_a_fault_of_the_configuration(tmp_path, member, value):
    """Found by atheris: the server failed at every request with a token instead."""
    made = {"id": "a", "name": "a", "role": "auditor", "databases": [], "created_at": 1}
    made |= {"expires_at": 2, "digest": "a", member: value}
    place = tmp_path / "tokens.json"
    place.write_text(json.dumps({"tokens": [made]}))
    place.chmod(0o600)
    with pytest.raises(InvalidConfiguration, match="damaged"):
        read_tokens(place)


@pytest.mark.parametrize("part", range(3))
def test_a_grant_beyond_ascii_is_refused(tmp_path, part):
    """Found by hypothesis: it was an error of our own, and so a status of 500."""
    world = World(tmp_path)
    parts = world.grants[1].decode().split(".")
    parts[part] = "\x80" + parts[part]
    with pytest.raises(engine.NotVerified):
        engine.verify_grant(".".join(parts), world.metadata, now=world.now)
