"""Writing out early: it changes nothing, leaves nothing behind, and is done without where it cannot be."""

import ctypes
import os
import threading
from pathlib import Path

import pytest

from wizard.engine import writeback
from wizard.engine.writeback import early_writeback

MEBIBYTE = bytes(1 << 20)


@pytest.fixture
def asked(monkeypatch):
    """The ranges that were asked for, and an event for the first."""
    ranges, seen = [], threading.Event()

    class Library:
        @staticmethod
        def sync_file_range(_descriptor, begin, length, flags):
            ranges.append((begin, length, flags))
            seen.set()
            return 0

    # The real one has a place for argtypes; a function has one too.
    monkeypatch.setattr(ctypes, "CDLL", lambda *_names, **_options: Library)
    return ranges, seen


def _descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_growing_file_is_followed_and_no_thread_or_descriptor_is_left(tmp_path, asked):
    ranges, seen = asked
    path = tmp_path / "new"
    before = (threading.active_count(), _descriptors())
    with path.open("wb", buffering=0) as file, early_writeback(path):
        for _ in range(40):
            file.write(MEBIBYTE)
        assert seen.wait(20)
    assert ranges[0][0] == 0
    assert all(each[2] == writeback._START_WRITING for each in ranges)
    assert sum(length for _begin, length, _flags in ranges) < 40 << 20
    assert (threading.active_count(), _descriptors()) == before


def test_the_real_call_leaves_the_file_as_it_is(tmp_path):
    path = tmp_path / "new"
    with path.open("wb", buffering=0) as file, early_writeback(path):
        for _ in range(20):
            file.write(os.urandom(1) + MEBIBYTE)
    assert path.stat().st_size == 20 * (len(MEBIBYTE) + 1)


def test_what_fails_in_the_block_goes_on_from_it(tmp_path):
    (tmp_path / "new").touch()
    with pytest.raises(KeyError), early_writeback(tmp_path / "new"):
        raise KeyError


def test_it_is_done_without_where_it_cannot_be(tmp_path, monkeypatch):
    with early_writeback(tmp_path / "absent"):
        pass
    monkeypatch.setattr(ctypes, "CDLL", lambda *_names, **_options: object())
    with early_writeback(tmp_path / "absent"):
        pass
