"""The kill test itself: it sees every file operation, and kills before just that one."""

import os
import signal

import pytest

from tests.killing import (
    ActFailed,
    Operation,
    chosen,
    each_kill,
    killed,
    needs_tracing,
    operations,
)

pytestmark = needs_tracing


def act_in(directory):
    """Every kind of step that the engine takes."""

    def act():
        with (directory / "new").open("wb") as file:
            file.write(b"1")
            file.flush()
            os.fsync(file.fileno())
        (directory / "new").rename(directory / "old")
        (directory / "link").hardlink_to(directory / "old")
        os.truncate(directory / "link", 0)
        (directory / "old").unlink()
        (directory.parent / "elsewhere").write_text("does not count")

    return act


def test_every_operation_below_the_directory_is_seen_in_order(tmp_path):
    directory = tmp_path / "data"
    directory.mkdir()
    seen = operations(act_in(directory), directory)
    assert [(each.call.removesuffix("at").removesuffix("at2"), each.name) for each in seen] == [
        ("open", "new"),
        ("write", "new"),
        ("fsync", "new"),
        ("rename", "new"),
        ("link", "old"),
        ("truncate", "link"),
        ("unlink", "old"),
    ]
    assert (tmp_path / "elsewhere").exists()


def test_the_killed_operation_and_what_follows_never_happen(tmp_path):
    pristine = tmp_path / "pristine"
    directory = tmp_path / "data"
    pristine.mkdir()
    left = [
        (operation.call[:4], sorted(path.name for path in directory.iterdir()))
        for operation in each_kill(act_in(directory), directory, pristine)
    ]
    assert left == [
        ("open", []),
        ("writ", ["new"]),
        ("fsyn", ["new"]),
        ("rena", ["new"]),
        ("link", ["old"]),
        ("trun", ["link", "old"]),
        ("unli", ["link", "old"]),
    ]


def test_an_act_that_ends_before_or_fails_is_told_apart_from_a_killed_one(tmp_path):
    def fails():
        (tmp_path / "a").write_text("1")
        raise ValueError("on purpose")

    assert killed(lambda: None, tmp_path, 3) is None
    with pytest.raises(ActFailed, match="ValueError: on purpose"):
        operations(fails, tmp_path)
    with pytest.raises(ActFailed):
        operations(lambda: os.kill(os.getpid(), signal.SIGKILL), tmp_path)


def test_a_sample_is_of_what_changes_something_and_the_variable_takes_all(monkeypatch):
    seen = [Operation(n, "write", "x", changes=n % 2 == 0) for n in range(1, 101)]
    monkeypatch.delenv("DATAFOLD_TEST_KILL_ALL", raising=False)
    numbers = chosen(seen, sample=10)
    assert (len(numbers), numbers[0], numbers[-1]) == (10, 2, 100)
    assert all(n % 2 == 0 for n in numbers)
    monkeypatch.setenv("DATAFOLD_TEST_KILL_ALL", "1")
    assert chosen(seen, sample=10) == list(range(1, 101))
