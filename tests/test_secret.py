"""A secret shows nothing, ends as zeros, and says so when the system protects it less."""

from __future__ import annotations

import contextlib
import copy
import ctypes
import json
import mmap
import os
import pickle
import signal
import subprocess
import sys
import textwrap
from dataclasses import asdict, dataclass

import pytest

from wizard.engine import secret as module
from wizard.engine.secret import MemoryProtection, Secret, memory_protection, wipe_all

TEXT = b"correct horse battery staple"


def content(secret: Secret) -> bytes:
    with secret.expose() as view:
        return bytes(view)


def run(program: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a program of its own, because it ends, or changes, its process."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        **options,
    )


# What it holds -------------------------------------------------------------------------------


def test_it_grows_by_appending_and_shrinks_by_truncating() -> None:
    """Typed key by key, corrected by backspace."""
    with Secret.allocate(8) as secret:
        assert len(secret) == 0
        for key in (b"a", bytearray(b"b"), memoryview(b"\xc3\xa9")):
            secret.append(key)
        assert content(secret) == b"ab\xc3\xa9"
        secret.truncate(1)
        assert content(secret) == b"a"
        assert secret.capacity == 8


def test_truncating_wipes_the_tail() -> None:
    """A corrected typing error is not left behind the length."""
    with Secret.copy_of(TEXT) as secret:
        secret.truncate(7)
        assert secret._mapping[:] == TEXT[:7] + bytes(mmap.PAGESIZE - 7)


def test_appending_over_the_capacity_adds_nothing() -> None:
    """No resizing: a second mapping would be a second copy."""
    with Secret.allocate(4) as secret:
        secret.append(b"abc")
        with pytest.raises(ValueError, match="no room"):
            secret.append(b"de")
        assert content(secret) == b"abc"


@pytest.mark.parametrize("length", [-1, 4])
def test_truncating_never_lengthens(length: int) -> None:
    """Zeros from beyond the end never become part of a key."""
    with Secret.copy_of(b"abc") as secret, pytest.raises(ValueError, match="lengthened"):
        secret.truncate(length)


def test_a_negative_capacity_is_refused() -> None:
    """And the half-made object closes quietly."""
    with pytest.raises(ValueError, match="negative"):
        Secret.allocate(-1)


@pytest.mark.parametrize("size", [0, 1, 32, 256, 257, 5000])
def test_random_fills_all_of_it(size: int) -> None:
    """Also above the 256 bytes that one call of the system gives."""
    with Secret.random(size) as first, Secret.random(size) as second:
        assert len(first) == size
        if size >= 32:
            assert content(first) != content(second)
            assert content(first)[-16:] != bytes(16)


def test_random_that_the_system_refuses_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never a key of zeros."""

    class Libc:
        @staticmethod
        def getentropy(_address: int, _size: int) -> int:
            ctypes.set_errno(38)
            return -1

    monkeypatch.setattr(module, "_libc", _With(module._libc, Libc))
    with pytest.raises(OSError, match="not implemented"):
        Secret.random(32)


def test_take_empties_its_source_and_copy_of_does_not() -> None:
    """The one moves, the other copies."""
    source = bytearray(TEXT)
    with memoryview(source) as watched, contextlib.suppress(BufferError):
        Secret.take(source)
        assert bytes(watched) == bytes(len(TEXT))
    source = bytearray(TEXT)
    with Secret.take(source) as taken:
        assert source == b""
        assert content(taken) == TEXT
    source = bytearray(TEXT)
    with Secret.copy_of(source) as copied:
        assert source == TEXT
        assert content(copied) == TEXT


def test_what_is_written_through_the_view_is_kept() -> None:
    """Libraries write keys straight into it."""
    with Secret.copy_of(bytes(4)) as secret:
        with secret.expose() as view:
            view[:] = b"abcd"
        assert content(secret) == b"abcd"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (b"", b"", True),
        (b"abc", b"abc", True),
        (b"abc", b"abd", False),
        (b"abc", b"abcd", False),
        (b"abc", b"", False),
    ],
)
def test_equals_compares_contents(*, one: bytes, other: bytes, same: bool) -> None:
    """Capacity does not matter, length does."""
    with Secret.allocate(100) as first, Secret.copy_of(other) as second:
        first.append(one)
        assert first.equals(second) is same


def test_the_operators_compare_identity() -> None:
    """So that no content is compared by accident, in a dict or with ==."""
    with Secret.copy_of(b"abc") as one, Secret.copy_of(b"abc") as other:
        assert one != other
        assert len({one, other, one}) == 2


# What it shows -------------------------------------------------------------------------------


@dataclass
class _Holder:
    held: Secret


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        format,
        ascii,
        "{:>40}".format,
        "{!r:s}".format,
        lambda secret: f"{secret}",
        lambda secret: "%s" % secret,  # noqa: UP031 - one more way to print
        lambda secret: repr([secret, {"key": secret}]),
        lambda secret: repr(_Holder(secret)),
        lambda secret: repr(ValueError(secret)),
    ],
)
def test_every_way_to_print_it_is_redacted(show: object) -> None:
    """Logs, tracebacks with locals, and f-strings by accident."""
    with Secret.copy_of(TEXT) as secret:
        shown = show(secret)
        assert "<Secret>" in shown
        assert "horse" not in shown


@pytest.mark.parametrize(
    "leak",
    [
        *(lambda secret, level=level: pickle.dumps(secret, level) for level in range(6)),
        copy.copy,
        copy.deepcopy,
        json.dumps,
        bytes,
        list,
        memoryview,
        vars,
        lambda secret: asdict(_Holder(secret)),
        lambda secret: secret + b"",
        lambda secret: secret[0],
        lambda secret: b"".join([secret]),
    ],
)
def test_every_other_way_out_is_closed(leak: object) -> None:
    """`expose` can be searched for; these could not."""
    with Secret.copy_of(TEXT) as secret, pytest.raises(TypeError) as raised:
        leak(secret)
    assert "horse" not in str(raised.value)


# How it ends ---------------------------------------------------------------------------------


def test_closing_leaves_zeros_in_the_mapping() -> None:
    """Seen through a view that was held: it outlives the secret and reads zeros."""
    secret = Secret.copy_of(TEXT)
    view = secret.expose()
    assert bytes(view) == TEXT
    secret.close()
    assert bytes(view) == bytes(len(TEXT))
    assert secret.closed
    secret.close()


def test_closing_unmaps() -> None:
    """No view held: the page goes back."""
    secret = Secret.copy_of(TEXT)
    mapping = secret._mapping
    with secret.expose() as view:
        assert len(view) == len(TEXT)
    secret.close()
    assert mapping.closed


def test_the_whole_mapping_is_wiped_not_only_its_length() -> None:
    """What a library wrote behind the length goes, too."""
    secret = Secret.allocate(mmap.PAGESIZE + 1)
    mapping = secret._mapping
    mapping[:] = b"x" * len(mapping)
    with memoryview(mapping) as kept:
        secret.close()
        assert bytes(kept) == bytes(2 * mmap.PAGESIZE)


def test_collecting_wipes() -> None:
    """A secret that nobody closed."""
    secret = Secret.copy_of(TEXT)
    view = secret.expose()
    del secret
    assert bytes(view) == bytes(len(TEXT))


@pytest.mark.parametrize(
    "use",
    [
        len,
        bool,
        lambda secret: secret.append(b"x"),
        lambda secret: secret.truncate(0),
        lambda secret: secret.expose(),
        lambda secret: secret.equals(secret),
        lambda secret: secret.__enter__(),
    ],
)
def test_a_closed_secret_is_no_empty_secret(use: object) -> None:
    """Nothing is encrypted under a key that was wiped meanwhile."""
    secret = Secret.copy_of(TEXT)
    secret.close()
    with pytest.raises(ValueError, match="wiped"):
        use(secret)
    assert repr(secret) == "<Secret>"


def test_wipe_all_closes_every_live_secret() -> None:
    """And only knows the live ones: closed ones are not kept in memory."""
    wipe_all()
    secrets = [Secret.copy_of(TEXT) for _ in range(5)]
    secrets[0].close()
    assert len(module._live) == 4
    wipe_all()
    assert all(secret.closed for secret in secrets)
    assert not module._live


# The end of the process ----------------------------------------------------------------------

REPORT_AT_EXIT = """
    import atexit, os, signal, sys
    # Registered before the first secret, so it runs after the wipe.
    atexit.register(lambda: print("atexit", bytes(view), secret.closed))
    from wizard.engine.secret import Secret, protect_process, wipe_all
    secret = Secret.copy_of(b"correct horse")
    view = secret.expose()
"""


def test_exit_wipes() -> None:
    """Without protect_process, without close: at exit the mapping is zero."""
    done = run(REPORT_AT_EXIT)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"atexit {bytes(13)} True\n"


def test_a_crash_wipes() -> None:
    """An exception that nobody catches."""
    done = run(REPORT_AT_EXIT + "    raise KeyError(secret)")
    assert done.returncode == 1
    assert f"atexit {bytes(13)} True\n" in done.stdout
    assert "KeyError: <Secret>" in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_wipes_and_leaves_a_chance_to_clean_up(number: int, code: int) -> None:
    """The wipe comes first; finally and atexit follow; the code is the shell's 128 + number."""
    done = run(
        REPORT_AT_EXIT
        + f"""
    protect_process()
    protect_process()  # may be called again
    try:
        os.kill(os.getpid(), {int(number)})
        while True:
            signal.pause()
    finally:
        print("finally", bytes(view), secret.closed)
    """
    )
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout == f"finally {bytes(13)} True\natexit {bytes(13)} True\n"


def test_a_signal_while_another_thread_works_wipes_in_the_main_thread() -> None:
    """The handler runs between two steps of the main thread, whoever holds the secret."""
    done = run(
        REPORT_AT_EXIT
        + """
    import threading, time
    protect_process()
    def work():
        while not secret.closed:
            time.sleep(0.001)
        try:
            secret.expose()
        except ValueError as error:
            print(error)
    thread = threading.Thread(target=work)
    thread.start()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)
    """
    )
    assert (done.returncode, done.stderr) == (143, "")
    assert done.stdout == f"The secret has been wiped.\natexit {bytes(13)} True\n"


def test_an_earlier_handler_is_called_once_after_the_wipe() -> None:
    """A host's own clean-up is kept, however often protect_process is called."""
    done = run(
        REPORT_AT_EXIT
        + """
    signal.signal(signal.SIGTERM, lambda number, frame: print("host", number, secret.closed))
    protect_process()
    protect_process()
    os.kill(os.getpid(), signal.SIGTERM)
    signal.pause()
    """
    )
    assert done.returncode == 143
    assert done.stdout.splitlines()[0] == "host 15 True"
    assert done.stdout.count("host") == 1


def test_a_signal_that_the_parent_ignored_stays_ignored() -> None:
    """A wizard under nohup outlives its terminal."""
    done = run(
        REPORT_AT_EXIT
        + """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    protect_process()
    os.kill(os.getpid(), signal.SIGHUP)
    print("alive", secret.closed)
    """
    )
    assert done.returncode == 0
    assert done.stdout.startswith("alive False\n")


def test_importing_and_using_changes_nothing_of_the_host() -> None:
    """A library sets no handlers and no limits."""
    done = run(
        """
        import resource, signal
        names = (signal.SIGTERM, signal.SIGHUP)
        before = [signal.getsignal(n) for n in names], resource.getrlimit(resource.RLIMIT_CORE)
        from wizard.engine.secret import Secret
        Secret.random(32)
        after = [signal.getsignal(n) for n in names], resource.getrlimit(resource.RLIMIT_CORE)
        print(before == after)
        """
    )
    assert done.stdout == "True\n"


def test_a_forked_child_has_no_secret() -> None:
    """Neither the bytes nor an object that would pass zeros for a key; the parent keeps both."""
    done = run(
        REPORT_AT_EXIT
        + """
    child = os.fork()
    if child == 0:
        print("child", bytes(view), secret.closed, flush=True)
        os._exit(0)
    os.waitpid(child, 0)
    print("parent", bytes(view), secret.closed)
    """
    )
    assert done.stdout.splitlines()[:2] == [
        f"child {bytes(13)} True",
        "parent b'correct horse' False",
    ]


# What the system gives -----------------------------------------------------------------------


def test_core_dumps_are_off_after_protect_process_and_not_before() -> None:
    """Both ways: the limit, and the flag that programs behind core_pattern heed."""
    done = run(
        """
        import resource
        resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
        from wizard.engine.secret import memory_protection, protect_process, _libc
        print(memory_protection().core_dumps_off, _libc.prctl(3, 0, 0, 0, 0))
        protect_process()
        print(memory_protection().core_dumps_off, _libc.prctl(3, 0, 0, 0, 0))
        print(resource.getrlimit(resource.RLIMIT_CORE))
        """
    )
    assert done.stdout == "False 1\nTrue 0\n(0, 0)\n"


def test_the_mapping_is_locked_private_undumpable_and_wiped_on_fork() -> None:
    """As the kernel tells it, in /proc/self/smaps."""
    with Secret.copy_of(TEXT) as secret:
        if not secret.locked:  # a machine that refuses: the next test is about it
            assert memory_protection().reason
            return
        flags = _smaps_flags(secret._address)
    assert {"lo", "dd", "wf"} <= flags
    assert "sh" not in flags


def test_where_locking_is_refused_it_works_on_and_says_so() -> None:
    """RLIMIT_MEMLOCK 0 and no privilege, for real."""
    done = run(
        """
        import os, resource
        from wizard.engine.secret import Secret, memory_protection
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
        if os.geteuid() == 0:
            os.setresuid(65534, 65534, 65534)  # or CAP_IPC_LOCK would override the limit
        secret = Secret.copy_of(b"correct horse")
        with secret.expose() as view:
            print(secret.locked, bytes(view), len(Secret.random(32)))
        protection = memory_protection()
        print(protection.locked, protection.reason)
        """
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "False b'correct horse' 32",
        "False The system refuses to lock memory (RLIMIT_MEMLOCK: 0 KiB).",
    ]


def test_one_unlocked_secret_is_reported_even_if_another_page_could_be_locked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The limit was used up for a while: what is in swap then stays there."""
    with monkeypatch.context() as patched:
        patched.setattr(module, "_lock", lambda _address, _size: False)
        unlocked = Secret.copy_of(TEXT)
    monkeypatch.setattr(module, "_lock", lambda _address, _size: True)
    assert not memory_protection().locked
    unlocked.close()
    wipe_all()
    assert memory_protection() == MemoryProtection(
        locked=True, reason="", core_dumps_off=memory_protection().core_dumps_off
    )


def test_an_old_kernel_that_does_not_know_an_advice_is_enough() -> None:
    """Only EINVAL is taken for that."""
    with mmap.mmap(-1, mmap.PAGESIZE) as mapping:
        module._advise(mapping, 9999)
        module._advise(mapping, None)


def test_many_secrets_are_made_and_closed() -> None:
    """Neither mappings nor locked pages are leaked."""
    before = _mappings()
    for _ in range(3000):
        Secret.random(16).close()
    assert _mappings() <= before + 5


class _With:
    """The C library with some calls replaced."""

    def __init__(self, library: object, calls: type) -> None:
        self._library, self._calls = library, calls

    def __getattr__(self, name: str) -> object:
        return getattr(self._calls, name, None) or getattr(self._library, name)


def _mappings() -> int:
    with open("/proc/self/maps", encoding="ascii") as file:  # noqa: PTH123 - one line is enough
        return sum(1 for _ in file)


def _smaps_flags(address: int) -> set[str]:
    with open("/proc/self/smaps", encoding="ascii") as file:  # noqa: PTH123
        inside = False
        for line in file:
            first = line.split(maxsplit=1)[0]
            if "-" in first and not first.endswith(":"):
                start, end = (int(part, 16) for part in first.split("-"))
                inside = start <= address < end
            elif inside and first == "VmFlags:":
                return set(line.split()[1:])
    raise AssertionError(f"no mapping at {address:#x} in process {os.getpid()}")
