"""A secret lives in its own memory mapping and has one greppable way out, ``expose``.

- The mapping is page-aligned and anonymous, locked into RAM where the system allows it, left out
  of core dumps, and zero in a forked child.
- It is wiped when closed, when collected, at exit, and on the signals of `protect_process`.
- ``repr``, ``str``, ``format``, ``pickle`` and ``copy`` show or make nothing. ``==`` and ``hash``
  are by identity; `Secret.equals` compares contents in constant time.
- A wiped secret never passes for an empty or a zero key: every use of it raises `ValueError`.
  Only a view that was exposed before still reads, and it reads zeros.

What Python cannot promise (copies that a caller makes of an exposed view, registers, swap of
unlocked pages, hibernation) stands in the security notes of FORMAT.md.
"""

from __future__ import annotations

import atexit
import ctypes
import errno
import mmap
import os
import resource
import signal
import weakref
from functools import partial

from wizard import freed
from wizard.values import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import NoReturn, Self, SupportsIndex

_PR_GET_DUMPABLE = 3
_PR_SET_DUMPABLE = 4
_MADV_WIPEONFORK = 18  # Linux 4.14; the mmap module has no name for it
_GETENTROPY_MAXIMUM = 256

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mlock.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
_libc.getentropy.argtypes = (ctypes.c_void_p, ctypes.c_size_t)

_live: dict[int, weakref.ref[Secret]] = {}
_registered: list[bool] = []


class Secret:
    """Up to ``capacity`` bytes that nobody sees by accident.

    Made by `allocate`, `random`, `copy_of` or `take`; a context manager that wipes. All methods
    but `close` raise `ValueError` once it is closed. Not for use by several threads at once.
    """

    __slots__ = ("__weakref__", "_address", "_capacity", "_length", "_locked", "_mapping")

    def __init__(self, capacity: int) -> None:
        self._mapping: mmap.mmap | None = None
        if capacity < 0:
            raise ValueError("The capacity of a secret is not negative.")
        _wipe_at_exit()
        size = max(1, -(-capacity // mmap.PAGESIZE)) * mmap.PAGESIZE
        mapping = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._address = ctypes.addressof(ctypes.c_char.from_buffer(mapping))
        self._capacity = capacity
        self._length = 0
        for advice in (getattr(mmap, "MADV_DONTDUMP", None), _MADV_WIPEONFORK):
            _advise(mapping, advice)
        self._locked = _lock(self._address, size)
        self._mapping = mapping
        _live[id(self)] = weakref.ref(self)

    @classmethod
    def allocate(cls, capacity: int) -> Self:
        """Return an empty secret that can grow to ``capacity`` bytes."""
        return cls(capacity)

    @classmethod
    def random(cls, size: int) -> Self:
        """Return ``size`` bytes of the operating system's randomness, written straight into it."""
        secret = cls(size)
        for offset in range(0, size, _GETENTROPY_MAXIMUM):
            wanted = min(_GETENTROPY_MAXIMUM, size - offset)
            if _libc.getentropy(secret._address + offset, wanted) != 0:
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number))
        secret._length = size
        return secret

    @classmethod
    def copy_of(cls, data: bytes | bytearray | memoryview) -> Self:
        """Return a copy. The source is the caller's and stays as it is."""
        with memoryview(data) as view:
            secret = cls(view.nbytes)
        secret.append(data)
        return secret

    @classmethod
    def take(cls, data: bytearray) -> Self:
        """Move the contents out of ``data``, which is left zero and empty."""
        try:
            return cls.copy_of(data)
        finally:
            data[:] = bytes(len(data))
            data.clear()

    @property
    def capacity(self) -> int:
        """Bytes that it can hold."""
        return self._capacity

    @property
    def closed(self) -> bool:
        """Whether it has been wiped."""
        return self._mapping is None

    @property
    def locked(self) -> bool:
        """Whether the system keeps it out of swap. False: it works, less well protected."""
        return self._locked

    def __len__(self) -> int:
        self._open()
        return self._length

    def append(self, data: bytes | bytearray | memoryview) -> None:
        """Add ``data`` at the end. Raises `ValueError`, and adds nothing, over the capacity."""
        mapping = self._open()
        with memoryview(data) as given, given.cast("B") as view:
            end = self._length + len(view)
            if end > self._capacity:
                raise ValueError("The secret has no room for this.")
            mapping[self._length : end] = view
        self._length = end

    def truncate(self, length: int) -> None:
        """Keep the first ``length`` bytes and wipe the rest."""
        self._open()
        if not 0 <= length <= self._length:
            raise ValueError("A secret is not lengthened by truncating it.")
        ctypes.memset(self._address + length, 0, self._length - length)
        self._length = length

    def expose(self) -> memoryview:
        """Return the contents as a writable view: ``with secret.expose() as view``.

        The one way out. Whoever copies from it answers for the copy. A view that is still held
        when the secret is closed reads zeros.
        """
        with memoryview(self._open()) as whole:
            return whole[: self._length]

    def equals(self, other: Secret) -> bool:
        """Compare the contents in a time that depends on the lengths only."""
        from hmac import compare_digest  # noqa: PLC0415 - loads OpenSSL; few uses need it

        with self.expose() as mine, other.expose() as theirs:
            return compare_digest(mine, theirs)

    def close(self) -> None:
        """Wipe and unmap. May be called again."""
        mapping, self._mapping = self._mapping, None
        if mapping is None:
            return
        # The whole mapping, not only what is in use: memset cannot fail and leaves no copy.
        ctypes.memset(self._address, 0, len(mapping))
        self._length = 0
        _live.pop(id(self), None)
        try:
            mapping.close()
        except BufferError:
            # A view is still out. It reads the zeros above, and its release unmaps them.
            return

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def __repr__(self) -> str:
        return "<Secret>"

    def __format__(self, _specification: str) -> str:
        return "<Secret>"

    def __copy__(self) -> NoReturn:
        raise TypeError("A secret is not copied; Secret.copy_of does it where it is meant.")

    def __deepcopy__(self, _memo: object) -> NoReturn:
        self.__copy__()

    def __reduce_ex__(self, _protocol: SupportsIndex) -> NoReturn:
        raise TypeError("A secret is not pickled.")

    def _open(self) -> mmap.mmap:
        if self._mapping is None:
            raise ValueError("The secret has been wiped.")
        return self._mapping


@dataclass(frozen=True, slots=True)
class MemoryProtection:
    """What this process really got. ``reason`` says why ``locked`` is false, else it is empty."""

    locked: bool
    reason: str
    core_dumps_off: bool


def memory_protection() -> MemoryProtection:
    """Try to lock one more page, look at every live secret, and report."""
    with Secret(1):
        locked = all(secret.locked for secret in _secrets())
    limit = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    allowed = "without limit" if limit == resource.RLIM_INFINITY else f"{limit // 1024} KiB"
    reason = "" if locked else f"The system refuses to lock memory (RLIMIT_MEMLOCK: {allowed})."
    return MemoryProtection(locked=locked, reason=reason, core_dumps_off=_core_dumps_off())


def wipe_all() -> None:
    """Close every secret of this process. Safe in a signal handler."""
    for secret in _secrets():
        secret.close()


def protect_process() -> None:
    """Turn core dumps off and wipe all secrets when SIGTERM or SIGHUP ends the process.

    Besides, the C library overwrites what it frees from now on.

    For programs, never for libraries: it changes the host process. After a signal all secrets are
    wiped, the handler that was there before is called if it is a Python function, and
    ``SystemExit(128 + number)`` is raised in the main thread, so that ``finally`` and ``atexit``
    still run. A signal that the parent chose to ignore (nohup) stays ignored. May be called
    again. Raises `ValueError` outside the main thread, where Python sets no handlers.
    """
    _wipe_at_exit()
    freed.overwrite_from_now_on()
    for number in (signal.SIGTERM, signal.SIGHUP):
        previous = signal.getsignal(number)
        if previous is not signal.SIG_IGN:
            signal.signal(number, partial(_wipe_and_exit, previous))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Both: a core_pattern that pipes to a program (systemd-coredump) ignores the limit.
    if hasattr(_libc, "prctl"):
        _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _wipe_and_exit(previous: object, number: int, frame: FrameType | None) -> None:
    wipe_all()
    if callable(previous):
        previous(number, frame)
    raise SystemExit(128 + number)


def _secrets() -> list[Secret]:
    # list() of a dict's values is one step under the interpreter lock, so a signal handler or
    # another thread that makes a secret meanwhile cannot break the iteration.
    return [secret for reference in list(_live.values()) if (secret := reference()) is not None]


def _wipe_at_exit() -> None:
    if not _registered:
        _registered.append(True)
        atexit.register(wipe_all)
        # The child's pages are zero already (or copies, on old kernels): close the objects too,
        # lest zeros pass for a key there.
        os.register_at_fork(after_in_child=wipe_all)


def _advise(mapping: mmap.mmap, advice: int | None) -> None:
    if advice is None:
        return
    try:
        mapping.madvise(advice)
    except OSError as error:
        # An old kernel does not know the advice; the secret works without.
        if error.errno != errno.EINVAL:
            raise


def _lock(address: int, size: int) -> bool:
    return int(_libc.mlock(address, size)) == 0


def _core_dumps_off() -> bool:
    limited = resource.getrlimit(resource.RLIMIT_CORE)[0] == 0
    # 1 is "dumpable"; 0 is ours and 2 is what the kernel gives to set-user-ID programs.
    undumpable = not hasattr(_libc, "prctl") or _libc.prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0) != 1
    return limited and undumpable
