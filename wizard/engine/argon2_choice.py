"""Which Argon2 runs: the one built for this processor where that is safe, else the shipped one.

- Only what is looked at now counts: the features of this processor, who may write the files, their
  digests, the shipped library that the built one was proved against, and RFC 9106's vector.
- Whatever does not fit, the shipped one runs and nothing is said: it derives the same keys.
- It is chosen once for a process, at the first derivation. `sys.path` is not touched.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, ModuleSpec, PathFinder
from pathlib import Path

from wizard.engine import sodium
from wizard.values import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from typing import Any

FEATURE = "avx2"
"""What a build is made for. AVX-512 was measured as well: it was no faster."""
RECORD = "built.json"
"""The record beside the built library."""

_PACKAGE = "_argon2_cffi_bindings"
_PLACE = "datafold-wizard-argon2"  # no name that Python could import
_COMPILED_IN = (f"{_PACKAGE}._ffi", f"{_PACKAGE}._ffi.lib")
_MODULE = "_datafold_wizard_argon2._ffi"  # its last part names the function that loads it
_MOST_BYTES = 8 * 1024 * 1024
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Argon2:
    """A binding that is loaded. ``needs``: the features it was built for; empty: as shipped."""

    ffi: Any
    lib: Any
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """What stands in `RECORD`. Digests are BLAKE2b of 32 bytes in hex, as of ``b2sum -l 256``.

    ``version``: of argon2-cffi-bindings. ``shipped``: of the library that it was proved against.
    """

    version: str
    flags: str
    needs: tuple[str, ...]
    library: str
    digest: str
    shipped: str

    def as_json(self) -> bytes:
        """The bytes of the file."""
        document = {name: getattr(self, name) for name in self.__slots__}
        return (json.dumps(document, indent=1) + "\n").encode("ascii")


_chosen: Argon2 | None = None
_choosing = threading.Lock()


def argon2() -> Argon2:
    """Return the Argon2 of this process. Raises `ImportError` where not even the shipped one is."""
    global _chosen  # noqa: PLW0603 - one for the process, as with any import
    with _choosing:
        if _chosen is None:
            place = built_place()
            built = None if place is None else built_argon2(place)
            _chosen = shipped_argon2() if built is None else built
        return _chosen


def shipped_argon2() -> Argon2:
    """Load what argon2-cffi-bindings installed."""
    from _argon2_cffi_bindings import ffi, lib  # noqa: PLC0415 - 3 ms that no other use needs

    return Argon2(ffi, lib, ())


def built_argon2(place: Path) -> Argon2 | None:
    """Load what was built and is kept in ``place``; None unless all of it fits."""
    record = fitting_record(place)
    if record is None:
        return None
    try:
        built = load_library(place / record.library, needs=record.needs)
        return built if derives_right(built) else None
    except Exception:  # noqa: BLE001 - whatever is wrong with it, there is another
        return None


def load_library(path: Path, *, needs: tuple[str, ...]) -> Argon2:
    """Load a binding from its file alone; what others import stays as it was. Raises `ImportError`.

    cffi fills the module whose name was compiled in, and that is the shipped one's.
    """
    loader = ExtensionFileLoader(_MODULE, str(path))
    spec = ModuleSpec(_MODULE, loader, origin=str(path))
    before = {name: sys.modules.pop(name, None) for name in _COMPILED_IN}
    try:
        module: Any = loader.create_module(spec)
        loader.exec_module(module)
        return Argon2(module.ffi, module.lib, needs)
    finally:
        for name, others in before.items():
            sys.modules.pop(name, None)
            if others is not None:
                sys.modules[name] = others


def shipped_library() -> Path | None:
    """Return the file of the shipped binding, which is not loaded for it."""
    spec = PathFinder.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    directory = Path(spec.origin).parent
    names = (directory / f"_ffi{suffix}" for suffix in EXTENSION_SUFFIXES)
    return next((path for path in names if path.is_file()), None)


def built_place() -> Path | None:
    """Where a build is kept: beside the shipped binding, in the same installation."""
    library = shipped_library()
    return None if library is None else library.parent.parent / _PLACE


def fitting_record(place: Path) -> Record | None:
    """Return the record of what is built there, if it may be loaded here and now.

    Whoever could have written it could as well have written the shipped binding: root, whoever
    runs this, and the owner of the shipped library. The files of anybody else do not count.
    """
    library = shipped_library()
    if library is None:
        return None
    try:
        owners = {0, os.geteuid(), library.stat().st_uid}
        facts = place.lstat()
        if not stat.S_ISDIR(facts.st_mode) or not _is_ours(facts, owners):
            return None
        record = _read_record(_read(place / RECORD, owners))
        fits = (
            set(record.needs) <= processor_features()
            and record.library in {f"_ffi{suffix}" for suffix in EXTENSION_SUFFIXES}
            and _digest(library.read_bytes()) == record.shipped
            and _digest(_read(place / record.library, owners)) == record.digest
        )
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return record if fits else None


def digest_of(path: Path) -> str:
    """Return the digest that a record has of a file."""
    return _digest(path.read_bytes())


def processor_features() -> AbstractSet[str]:
    """What the kernel says that programs may use of the first processor; empty if it does not."""
    try:
        # Line by line: a large machine repeats it a hundred times, and takes its time.
        with open("/proc/cpuinfo", "rb", buffering=4096) as lines:  # noqa: PTH123 - the size
            flags = next((line for line in lines if line.startswith(b"flags")), b"")
    except OSError:
        return frozenset()
    return frozenset(flags.partition(b":")[2].decode("ascii", "replace").split())


def derives_right(argon2: Argon2) -> bool:
    """Whether it derives RFC 9106's vector (section 5.3): 4 lanes, secret and associated data."""
    ffi, lib = argon2.ffi, argon2.lib
    output = bytearray(32)
    inputs = {"pwd": b"\1" * 32, "salt": b"\2" * 16, "secret": b"\3" * 8, "ad": b"\4" * 12}
    held = {name: ffi.from_buffer("uint8_t[]", data) for name, data in inputs.items()}
    held["out"] = ffi.from_buffer("uint8_t[]", output)
    fields = {**held, **{f"{name}len": len(data) for name, data in held.items()}}
    fields |= {"t_cost": 3, "m_cost": 32, "lanes": 4, "version": lib.ARGON2_VERSION_13}
    # One thread: a limit on threads must not decide this.
    context = ffi.new("argon2_context *", fields | {"threads": 1})
    done: int = lib.argon2_ctx(context, lib.Argon2_id)
    expected = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
    return done == lib.ARGON2_OK and output.hex() == expected


def _read(path: Path, owners: AbstractSet[int]) -> bytes:
    """The bytes of a file of ours. Raises `OSError` for anybody else's, and for no regular file."""
    with open(os.open(path, _READ_FLAGS), "rb") as file:  # noqa: PTH123 - a descriptor
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode) or not _is_ours(facts, owners):
            raise PermissionError(path)
        if facts.st_size > _MOST_BYTES:
            raise OSError(path)
        return file.read()


def _is_ours(facts: os.stat_result, owners: AbstractSet[int]) -> bool:
    return facts.st_uid in owners and not facts.st_mode & _OTHERS_MAY_WRITE


def _read_record(data: bytes) -> Record:
    document = json.loads(data)
    texts = {name: document[name] for name in Record.__slots__ if name != "needs"}
    needs = tuple(document["needs"])
    if not all(isinstance(text, str) for text in (*texts.values(), *needs)):
        raise TypeError
    return Record(needs=needs, **texts)


def _digest(data: bytes) -> str:
    return sodium.digest(data).hex()
