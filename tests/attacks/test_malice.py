"""Hostile files and messages: never accepted, never a surprise, never a second or 200 MiB."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from itertools import combinations, permutations, product
from pathlib import Path

import pytest

from tests.attacks import FULL
from tests.attacks.readers import NAMES, reader_of
from tests.attacks.world import World
from wizard import engine
from wizard.api.tokens import read_tokens
from wizard.engine.encoding import rendered
from wizard.refusals import InvalidConfiguration

COUNT = 10_000 if FULL else 200  # of each reader, by each driver
MOST_MIB = 200
full_only = pytest.mark.skipif(not FULL, reason="many runs, steered by atheris")
needs_atheris = pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="atheris has no build for this Python"
)


@pytest.mark.timeout(3600)
def test_nothing_spoilt_at_random_is_accepted(tmp_path):
    told = []
    # Hypothesis remembers what it tried: at full size each reader's memory is a process's own.
    for number, name in enumerate(NAMES if FULL else ("all",)):
        directory = tmp_path / str(number)
        directory.mkdir()
        told += judge(run_of(directory, name, "hypothesis"), "hypothesis")
    assert len(told) == len(NAMES)


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


# Swaps between databases and between generations -----------------------------------------------


def paths_in(value, path=()):
    """Every place in a JSON document."""
    names = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for name in names:
        yield (*path, name)
        yield from paths_in(value[name], (*path, name))


def at(document, path):
    for name in path:
        document = document[name]
    return document


def with_those_of(document, other, paths):
    """The document with what the other has at these places, spelled as ours."""
    made = json.loads(json.dumps(document))
    for path in paths:
        with suppress(LookupError, TypeError):  # the place may have gone with an earlier one
            at(made, path[:-1])[path[-1]] = at(other, path)
    return rendered(made)


def swapped_sidecars(world, most):
    """One member, and two, of one sidecar in the place of another's; yields each that is another."""
    for one, other in permutations([json.loads(each) for each in world.sidecars], 2):
        theirs = set(paths_in(other))
        places = [
            path for path in paths_in(one) if path in theirs and at(one, path) != at(other, path)
        ]
        for count in range(1, most + 1):
            for chosen in combinations(places, count):
                yield with_those_of(one, other, chosen)


def swapped_lines(world):
    """Each line of one log in the place of each of another's, and heads with others' tails."""
    logs = [log.split(b"\n") for log in world.logs]
    for one, other in permutations(logs, 2):
        for number, line in product(range(len(one)), other):
            yield b"\n".join([*one[:number], line, *one[number + 1 :]])
        for head, tail in product(range(len(one)), range(len(other))):
            yield b"\n".join(one[:head] + other[tail:])


def swapped_parts(world):
    """Header, claims and signature of three grants, in every mixture."""
    parts = [grant.split(b".") for grant in world.grants]
    for chosen in product(parts, repeat=3):
        yield b".".join(part[number] for number, part in enumerate(chosen))


SWAPS = {
    "sidecar": lambda world: swapped_sidecars(world, 2 if FULL else 1),
    "signed sidecar": lambda world: swapped_sidecars(world, 1),
    "audit log": swapped_lines,
    "grant": swapped_parts,
}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("world"))


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", SWAPS)
def test_every_swap_with_another_database_or_generation_is_refused(world, name):
    """Not at random: each there is. A reader raises for anything accepted that is no sample."""
    read, _samples = reader_of(world, name)
    became = Counter()
    for data in SWAPS[name](world):
        started = time.process_time()
        became[read(data)] += 1
        assert time.process_time() - started < 1
    print(name, dict(became))
    assert became.total() > 20
    if name == "signed sidecar":
        # The master's own signature vouches for labels and times, and for nothing that opens.
        assert became["opens"] < became.total() / 4


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
def test_a_grant_beyond_ascii_is_refused(world, part):
    """Found by hypothesis: it was an error of our own, and so a status of 500."""
    parts = world.grants[1].decode().split(".")
    parts[part] = "\x80" + parts[part]
    with pytest.raises(engine.NotVerified):
        engine.verify_grant(".".join(parts), world.metadata, now=world.now)
