"""A scan of the readable memory of live processes for secrets, from outside, as root would do it.

- Every readable region counts: heap, stacks, anonymous and file-backed mappings.
- A secret has many spellings: bytes, hexadecimal digits, and what Python makes of text.
- The processes are stopped while they are read, so that nothing moves away from the scan.
"""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from nacl.signing import SigningKey

from wizard.engine import sodium
from wizard.engine.kit_reading import parse_sheets
from wizard.engine.masterkey import ROOT_CONTEXT
from wizard.engine.metadata import read_metadata
from wizard.engine.opening import open_data_key, open_root
from wizard.engine.recovery import combine
from wizard.engine.secret import Secret
from wizard.engine.sidecar import read_sidecar, sidecar_path

Needles = Mapping[str, bytes]

_ENCODINGS = ("utf-8", "latin-1", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_SHORTEST = 8


def of_passphrase(text: str, *, name: str = "passphrase") -> dict[str, bytes]:
    """The whole and both halves, in every encoding that Python or a terminal might use."""
    middle = len(text) // 2
    parts = {"": text, ", first half": text[:middle], ", second half": text[middle:]}
    found = {}
    for part, content in parts.items():
        assert len(content) >= _SHORTEST, "too short to be told from chance"
        for encoding in _ENCODINGS:
            try:
                found[f"{name}{part} in {encoding}"] = content.encode(encoding)
            except UnicodeEncodeError:
                continue
    return found


def of_bytes(name: str, secret: bytes) -> dict[str, bytes]:
    """The bytes and their hexadecimal digits, as ASCII and as a wider text."""
    digits = secret.hex()
    return {
        name: secret,
        f"{name} in hex": digits.encode(),
        f"{name} in HEX": digits.upper().encode(),
        f"{name} in hex, utf-32": digits.encode("utf-32-le"),
    }


def of_database(path: Path, passphrase: str) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """What a protected database's passphrase gives: the master's secrets, and the data key."""
    stored = read_sidecar(sidecar_path(path))
    assert stored is not None
    metadata = read_metadata(stored)
    with Secret.copy_of(passphrase.encode()) as typed, open_root(metadata, typed, None) as root:
        with open_data_key(metadata, root) as data_key:
            key = _content(data_key)
        with sodium.subkey(root, context=ROOT_CONTEXT, number=1) as seed:
            seed_bytes = _content(seed)
        with sodium.subkey(root, context=ROOT_CONTEXT, number=2) as wrapping:
            wrapping_bytes = _content(wrapping)
        root_bytes = _content(root)
    assert SigningKey(seed_bytes).verify_key.encode() == metadata.public_key.raw
    expanded = bytearray(hashlib.sha512(seed_bytes).digest())
    prefix = bytes(expanded[32:])
    scalar = expanded[:32]
    clamped = bytes([scalar[0] & 248, *scalar[1:31], scalar[31] & 63 | 64])
    master = {
        **of_bytes("root secret", root_bytes),
        **of_bytes("Ed25519 seed", seed_bytes),
        **of_bytes("Ed25519 scalar", clamped),
        **of_bytes("hash of the seed", bytes(scalar)),
        **of_bytes("Ed25519 prefix", prefix),
        **of_bytes("wrapping key", wrapping_bytes),
    }
    return master, of_bytes("data key", key)


def of_sheet(text: str) -> dict[str, bytes]:
    """The words of a kit that is one sheet, as they are printed and as they are computed on."""
    words = parse_sheets([text]).mnemonics[0]
    with combine([words]) as secret:
        recovery = _content(secret)
    rows = [line for line in text.splitlines() if words[4] in line.split()]
    assert len(rows) == 1
    return {
        "a row of words": rows[0].encode(),
        "the first words": " ".join(words[:8]).encode(),
        "the last words": " ".join(words[-8:]).encode(),
        **of_bytes("recovery secret", recovery),
    }


def scanned(pids: list[int], needles: Needles) -> Counter[str]:
    """How often each needle is in the memory of these processes; only those that are there."""
    found: Counter[str] = Counter()
    for pid in pids:
        with _stopped(pid):
            for region, data in _regions(pid):
                for name, needle in needles.items():
                    count = data.count(needle)
                    if count:
                        found[name] += count
                        if os.environ.get("DATAFOLD_ATTACKS_SHOW"):
                            start = data.index(needle)
                            around = data[max(0, start - 96) : start + len(needle) + 96]
                            print(f"\n{pid} {region} +{start:x} {name}: {around!r}")
    return found


def family(pid: int) -> list[int]:
    """The process and everything that descends from it, now."""
    pids = [pid]
    for each in pids:
        for task in Path(f"/proc/{each}/task").iterdir():
            with suppress(FileNotFoundError):  # a thread that has ended meanwhile
                pids += map(int, (task / "children").read_text().split())
    return pids


def _regions(pid: int) -> Iterator[tuple[str, bytes]]:
    proc = Path(f"/proc/{pid}")
    with (proc / "mem").open("rb", 0) as memory:
        for line in (proc / "maps").read_text().splitlines():
            span, rights, *rest = line.split(maxsplit=5)
            if not rights.startswith("r") or "[vvar" in line or "[vsyscall" in line:
                continue
            start, end = (int(number, 16) for number in span.split("-"))
            try:
                yield rest[-1] if len(rest) > 3 else "anonymous", _read(memory.fileno(), start, end)
            except OSError:
                continue  # a device, or a file that has become shorter: nothing is there


def _read(descriptor: int, start: int, end: int) -> bytes:
    pieces = []
    while start < end:
        piece = os.pread(descriptor, end - start, start)
        if not piece:
            break
        pieces.append(piece)
        start += len(piece)
    return b"".join(pieces)


@contextmanager
def _stopped(pid: int) -> Iterator[None]:
    state = Path(f"/proc/{pid}/stat")
    os.kill(pid, signal.SIGSTOP)
    try:
        while state.read_text().rpartition(")")[2].split()[0] not in {"T", "t", "Z"}:
            time.sleep(0.001)
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _content(secret: Secret) -> bytes:
    with secret.expose() as view:
        return bytes(view)
