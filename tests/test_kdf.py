"""The root secret is Argon2id's, on memory that is ours and ends as zeros."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from argon2.low_level import Type, hash_secret_raw

from wizard.engine import kdf, secret, working_memory
from wizard.engine.errors import InvalidInput, InvalidParameters
from wizard.engine.kdf import (
    FLOOR,
    FORMAT_MAXIMUM,
    RFC_9106_FIRST,
    RFC_9106_SECOND,
    RFC_9106_SETS,
    KdfParams,
    derive,
)
from wizard.engine.secret import Secret, wipe_all

SALT = bytes(range(16))
CHEAP = KdfParams(memory_kib=64, passes=1, lanes=1)
GIB = 1024 * 1024


def content(secret: Secret) -> bytes:
    with secret.expose() as view:
        return bytes(view)


def run(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program of its own, because it limits its process for good."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


# The right bytes -----------------------------------------------------------------------------


def test_rfc_9106_section_5_3() -> None:
    """The published vector: secret, associated data, 4 lanes, 32 KiB."""
    derived = kdf._derive(
        Secret.copy_of(b"\x01" * 32),
        salt=b"\x02" * 16,
        params=KdfParams(memory_kib=32, passes=3, lanes=4),
        keyfile=Secret.copy_of(b"\x03" * 8),
        associated_data=b"\x04" * 12,
    )
    assert content(derived) == bytes.fromhex(
        "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
    )


@pytest.mark.parametrize(
    "params",
    [
        CHEAP,
        KdfParams(memory_kib=8, passes=1, lanes=1),
        KdfParams(memory_kib=128, passes=2, lanes=16),
        KdfParams(memory_kib=1023, passes=3, lanes=3),
        KdfParams(memory_kib=4096, passes=64, lanes=1),
        FLOOR,
        RFC_9106_SECOND,
    ],
    ids=str,
)
@pytest.mark.parametrize("passphrase", [b"", b"password", b"\x00" * 5, "pässwörd".encode() * 99])
def test_it_is_what_argon2_cffi_derives(params: KdfParams, passphrase: bytes) -> None:
    """Also where the memory is no multiple of four lanes, and for any bytes."""
    expected = hash_secret_raw(
        passphrase, SALT, params.passes, params.memory_kib, params.lanes, 32, Type.ID
    )
    with Secret.copy_of(passphrase) as secret:
        assert content(kdf._derive(secret, salt=SALT, params=params)) == expected


def test_the_keyfile_is_part_of_the_secret() -> None:
    """Another keyfile, none, or the two swapped: another root secret."""
    one, other = Secret.copy_of(b"one"), Secret.copy_of(b"other")
    derived = [
        content(kdf._derive(passphrase, salt=SALT, params=CHEAP, keyfile=keyfile))
        for passphrase, keyfile in [(one, None), (one, one), (one, other), (other, one)]
    ]
    assert len(set(derived)) == 4


def test_derive_is_the_private_derivation_within_the_limits() -> None:
    """At the floor; the inputs stay open and unmap at once when closed."""
    passphrase, keyfile = Secret.copy_of(b"password"), Secret.copy_of(b"key")
    mappings = [passphrase._mapping, keyfile._mapping]
    derived = derive(passphrase, salt=SALT, params=FLOOR, keyfile=keyfile)
    same = kdf._derive(passphrase, salt=SALT, params=FLOOR, keyfile=keyfile)
    assert derived.equals(same)
    assert len(derived) == 32
    passphrase.close()
    keyfile.close()
    assert all(mapping.closed for mapping in mappings)


# Limits --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "params",
    [
        FLOOR,
        FORMAT_MAXIMUM,
        RFC_9106_FIRST,
        RFC_9106_SECOND,
        KdfParams(19 * 1024, 2, 1),
        KdfParams(4 * GIB, 64, 16),
        KdfParams(2 * GIB, 1, 1),
        KdfParams(2 * GIB - 1, 2, 1),
        KdfParams(19 * 1024, 64, 16),
    ],
    ids=str,
)
def test_parameters_within_the_limits(params: KdfParams) -> None:
    """The edges belong to what is accepted, and so do RFC 9106's recommended sets."""
    params.check()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ((19 * 1024 - 1, 2, 1), "memory_kib is 19455; at least 19456 is required."),
        ((4 * GIB + 1, 2, 1), "memory_kib is 4194305; at most 4194304 is allowed."),
        ((1024**3, 2, 1), "memory_kib is 1073741824; at most 4194304 is allowed."),
        ((19 * 1024, 1, 1), "passes is 1; at least 2 is required."),
        ((2 * GIB - 1, 1, 4), "passes is 1; at least 2 is required."),
        ((2 * GIB, 0, 4), "passes is 0; at least 1 is required."),
        ((19 * 1024, 65, 1), "passes is 65; at most 64 is allowed."),
        ((19 * 1024, 2**32, 1), "passes is 4294967296; at most 64 is allowed."),
        ((19 * 1024, 2, 0), "lanes is 0; at least 1 is required."),
        ((19 * 1024, 2, 17), "lanes is 17; at most 16 is allowed."),
        ((-1, 2, 1), "memory_kib is -1; at least 19456 is required."),
    ],
)
def test_parameters_outside_the_limits_cost_nothing(
    params: tuple[int, int, int], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Field, value and limit are named, and Argon2 is never asked."""
    monkeypatch.setattr(kdf, "_derive", None)
    with pytest.raises(InvalidParameters) as raised:
        derive(Secret.copy_of(b"password"), salt=SALT, params=KdfParams(*params))
    assert str(raised.value) == message


@pytest.mark.parametrize("length", [0, 8, 15, 17])
def test_a_salt_is_sixteen_bytes(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 would take others."""
    monkeypatch.setattr(kdf, "_derive", None)
    with pytest.raises(InvalidParameters, match=f"salt is {length} bytes; exactly 16"):
        derive(Secret.copy_of(b"password"), salt=bytes(length), params=FLOOR)


def test_an_empty_keyfile_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would derive what no keyfile derives, and protect nothing."""
    monkeypatch.setattr(kdf, "_derive", None)
    with pytest.raises(InvalidInput, match="keyfile is empty"):
        derive(Secret.copy_of(b"p"), salt=SALT, params=FLOOR, keyfile=Secret.allocate(9))


def test_the_sets_of_rfc_9106_section_4() -> None:
    """By the numbers in the text of the RFC."""
    first, second = RFC_9106_SETS.items()
    assert first == ("rfc9106-first", KdfParams(memory_kib=2**21, passes=1, lanes=4))
    assert second == ("rfc9106-second", KdfParams(memory_kib=2**16, passes=3, lanes=4))


def test_what_argon2_itself_refuses_is_a_clear_error() -> None:
    """Out of reach of `derive`, whose floor is higher."""
    with pytest.raises(InvalidParameters, match="Argon2 refuses these parameters: Memory"):
        kdf._derive(Secret.copy_of(b"p"), salt=SALT, params=KdfParams(7, 1, 1))


# Memory --------------------------------------------------------------------------------------


@pytest.fixture
def released(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Contents of each working memory at the moment when it goes back to the system."""
    contents: list[bytes] = []
    unmap = working_memory._unmap

    def watch(mapping: object) -> None:
        contents.append(mapping[:])
        unmap(mapping)

    monkeypatch.setattr(working_memory, "_unmap", watch)
    return contents


@pytest.mark.parametrize("lanes", [1, 4])
def test_the_working_memory_is_ours_and_ends_as_zeros(
    lanes: int, released: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is filled with a pattern first, so that zeros at the end are somebody's doing."""
    lend = working_memory.WorkingMemory.lend

    def soiled(self: object, ffi: object, address: object, size: int) -> int:
        ctypes.memset(self._address, 0xAA, size)
        return lend(self, ffi, address, size)

    monkeypatch.setattr(working_memory.WorkingMemory, "lend", soiled)
    params = KdfParams(memory_kib=512, passes=1, lanes=lanes)
    derived = kdf._derive(Secret.copy_of(b"password"), salt=SALT, params=params)
    assert content(derived) == hash_secret_raw(b"password", SALT, 1, 512, lanes, 32, Type.ID)
    assert len(released) == 1
    assert released[0] == bytes(len(released[0]))


def test_one_memory_serves_derivations_that_follow_on_each_other(
    released: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is zero before each, whatever the one before was of, and goes back at the end."""
    begun_on: list[tuple[int, bytes]] = []
    lend = working_memory.WorkingMemory.lend

    def watch(self: object, ffi: object, address: object, size: int) -> int:
        begun_on.append((self._address, ctypes.string_at(self._address, size)))
        return lend(self, ffi, address, size)

    monkeypatch.setattr(working_memory.WorkingMemory, "lend", watch)

    def derived(password: bytes, memory_kib: int) -> bytes:
        params = KdfParams(memory_kib=memory_kib, passes=1, lanes=1)
        return content(kdf._derive(Secret.copy_of(password), salt=SALT, params=params))

    with working_memory.one_memory():
        with working_memory.one_memory():
            found = [derived(b"first", 512)]
        found.append(derived(b"second", 512))
        assert released == []
        found.append(derived(b"larger", 1024))
        assert len(released) == 1
    assert len(released) == 2
    assert not any(map(any, released))
    derived(b"alone", 512)
    assert len(released) == 3
    sizes = ((b"first", 512), (b"second", 512), (b"larger", 1024))
    assert found == [hash_secret_raw(word, SALT, 1, kib, 1, 32, Type.ID) for word, kib in sizes]
    assert begun_on[0][0] == begun_on[1][0]
    assert not any(any(block) for _address, block in begun_on)


def test_argon2_wipes_before_it_gives_the_memory_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `take_back` relies on, of the library that is installed."""
    seen: list[bytes] = []
    take_back = working_memory.WorkingMemory.take_back

    def watch(self: object, address: object, size: int) -> None:
        seen.append(ctypes.string_at(self._address, size))
        take_back(self, address, size)

    monkeypatch.setattr(working_memory.WorkingMemory, "take_back", watch)
    kdf._derive(Secret.copy_of(b"password"), salt=SALT, params=CHEAP)
    assert seen == [bytes(CHEAP.memory_kib * 1024)]


def test_memory_that_argon2_never_gave_back_is_wiped_too(
    released: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Argon2 leaves its blocks as they are when it gives up half-way."""

    def gives_up(ffi: object, _lib: object, context: object) -> None:
        blocks = ffi.new("uint8_t **")
        context.allocate_cbk(blocks, 64 * 1024)
        ffi.memmove(blocks[0], b"\xaa" * 64 * 1024, 64 * 1024)
        raise InvalidParameters("given up")

    monkeypatch.setattr(kdf, "_run", gives_up)
    passphrase = Secret.copy_of(b"password")
    with pytest.raises(InvalidParameters, match="given up"):
        kdf._derive(passphrase, salt=SALT, params=CHEAP)
    assert released[0] == bytes(len(released[0]))
    mapping = passphrase._mapping
    passphrase.close()
    assert mapping.closed, "a failed derivation leaves the passphrase exposed"


def test_the_kernel_is_asked_for_huge_pages_and_no_dump(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it tells in smaps; the blocks start on a boundary of huge pages."""
    found: list[set[str]] = []
    original = kdf._run

    def look(ffi: object, lib: object, context: object) -> None:
        blocks = ffi.new("uint8_t **")
        context.allocate_cbk(blocks, 64 * 1024)
        address = int(ffi.cast("uintptr_t", blocks[0]))
        assert address % (2 * 1024 * 1024) == 0
        found.append(smaps_flags(address))
        original(ffi, lib, context)

    monkeypatch.setattr(kdf, "_run", look)
    kdf._derive(Secret.copy_of(b"password"), salt=SALT, params=CHEAP)
    expected = {"dd"}
    if Path("/sys/kernel/mm/transparent_hugepage/enabled").exists():
        expected.add("hg")
    assert expected <= found[0]


def test_memory_that_the_system_refuses_is_an_error() -> None:
    """With a real limit on the address space; and the next, smaller one works."""
    done = run(
        """
        import resource
        from wizard.engine.errors import NoMemory
        from wizard.engine.kdf import FLOOR, KdfParams, derive, touch_memory
        from wizard.engine.secret import Secret
        import _argon2_cffi_bindings, wizard.engine.argon2_choice
        passphrase = Secret.copy_of(b"password")
        resource.setrlimit(resource.RLIMIT_AS, (2**29, 2**29))
        params = KdfParams(1024 * 1024, 2, 1)
        for attempt in (
            lambda: derive(passphrase, salt=bytes(16), params=params),
            lambda: touch_memory(1024 * 1024),
        ):
            try:
                attempt()
            except NoMemory as error:
                print(error, error.needed_kib)
        print(len(derive(passphrase, salt=bytes(16), params=FLOOR)))
        """
    )
    message = (
        "The key derivation needs 1024 MiB of memory, "
        "and the system does not give this process as much. 1048576"
    )
    assert (done.stdout.splitlines(), done.stderr) == ([message, message, "32"], "")


def test_another_failure_of_the_system_is_not_called_a_lack_of_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only ENOMEM is."""

    def refused(*_arguments: object, **_options: object) -> None:
        raise PermissionError(1, "no")

    monkeypatch.setattr(working_memory.mmap, "mmap", refused)
    with pytest.raises(PermissionError):
        working_memory.WorkingMemory(1024)


def test_touching_memory_backs_it_and_leaves_nothing(released: list[bytes]) -> None:
    """What was touched goes back at once."""
    kdf.touch_memory(4096)
    assert len(released) == 1
    assert released[0] == bytes(len(released[0]))


@pytest.mark.parametrize("size", [4096, 3 * 2**20 + 4096, 130 * 2**20 + 8192])
@pytest.mark.parametrize("processors", [1, 2, 64])
def test_all_of_the_memory_is_touched_once(
    size: int, processors: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In shares that meet without overlap, however many processors there are."""
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(working_memory.os, "sched_getaffinity", lambda _pid: range(processors))
    monkeypatch.setattr(
        working_memory, "_madvise", lambda start, length, _advice: asked.append((start, length))
    )
    with working_memory.WorkingMemory(size) as memory:
        memory.touch()
        reached = memory._address
        for start, length in sorted(asked):
            assert start == reached
            reached += length
        assert reached == memory._address + size
    assert len(asked) == (min(2, processors) if size > 128 * 2**20 else 1)


def test_the_memory_is_there_before_argon2_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every page of it, as the kernel counts them."""
    resident: list[int] = []

    def look(_ffi: object, _lib: object, _context: object) -> None:
        lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
        resident.extend(int(line.split()[1]) for line in lines if line.startswith("Rss:"))

    monkeypatch.setattr(kdf, "_run", look)
    for mib in (19, 179):
        kdf._derive(Secret.copy_of(b"p"), salt=SALT, params=KdfParams(mib * 1024, 2, 1))
    # Half of it would do: other memory of this process may shrink meanwhile.
    assert resident[1] - resident[0] > 120 * 1024


# Threads -------------------------------------------------------------------------------------


def test_several_threads_derive_at_once_and_the_main_thread_runs_on() -> None:
    """Each with its own memory; the interpreter lock is free meanwhile."""
    results: dict[int, bytes] = {}

    def work(number: int) -> None:
        with Secret.copy_of(b"%d" % number) as passphrase:
            derived = kdf._derive(passphrase, salt=SALT, params=RFC_9106_SECOND)
        results[number] = content(derived)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    steps = 0
    while any(thread.is_alive() for thread in threads):
        time.sleep(0.001)
        steps += 1
    assert steps > 5
    assert results == {
        number: hash_secret_raw(b"%d" % number, SALT, 3, 65536, 4, 32, Type.ID)
        for number in range(3)
    }


def test_without_threads_the_lanes_are_filled_one_after_the_other() -> None:
    """A container that may start no more threads derives the same key, slower."""
    done = run(
        """
        import os, resource
        import _argon2_cffi_bindings, wizard.engine.argon2_choice
        from wizard.engine.kdf import RFC_9106_SECOND, derive
        from wizard.engine.secret import Secret
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
        if os.geteuid() == 0:
            os.setresuid(65534, 65534, 65534)  # the limit does not hold for root
        derived = derive(Secret.copy_of(b"password"), salt=bytes(16), params=RFC_9106_SECOND)
        with derived.expose() as view:
            print(view.hex())
        """
    )
    expected = hash_secret_raw(b"password", bytes(16), 3, 65536, 4, 32, Type.ID)
    assert (done.stdout, done.stderr) == (f"{expected.hex()}\n", "")


@pytest.mark.parametrize("wiped", ["passphrase", "keyfile", "all"])
def test_inputs_that_were_wiped_meanwhile_derive_nothing(
    wiped: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal wipes while Argon2 reads: a key of zeros must not get out."""
    inputs = {"passphrase": Secret.copy_of(b"password"), "keyfile": Secret.copy_of(b"key")}
    original = kdf._run

    def interrupted(ffi: object, lib: object, context: object) -> None:
        inputs.get(wiped, _All).close()
        original(ffi, lib, context)

    monkeypatch.setattr(kdf, "_run", interrupted)
    with pytest.raises(ValueError, match="wiped"):
        kdf._derive(inputs["passphrase"], salt=SALT, params=CHEAP, keyfile=inputs["keyfile"])


class _All:
    close = staticmethod(wipe_all)


def test_a_failed_derivation_leaves_no_secret_behind() -> None:
    """Not even while somebody still looks at the traceback."""
    wipe_all()
    passphrase = Secret.copy_of(b"password")
    with pytest.raises(InvalidParameters) as raised:
        kdf._derive(passphrase, salt=SALT, params=KdfParams(7, 1, 1))
    assert raised.value.__traceback__ is not None
    assert secret._secrets() == [passphrase]


def test_a_closed_passphrase_is_refused() -> None:
    """Nor is it an empty one."""
    passphrase = Secret.copy_of(b"password")
    passphrase.close()
    with pytest.raises(ValueError, match="wiped"):
        derive(passphrase, salt=SALT, params=FLOOR)


def test_importing_it_loads_nothing_heavy() -> None:
    """Telling a state must be quick: no Argon2, no OpenSSL, no dataclass-heavy packages."""
    done = run(
        """
        import sys
        import wizard.engine.kdf
        names = ("argon2", "_argon2_cffi_bindings", "hmac", "nacl", "numpy", "statistics", "zxcvbn")
        print([name for name in names if name in sys.modules])
        """
    )
    assert done.stdout == "[]\n"


def smaps_flags(address: int) -> set[str]:
    """Return the flags of the mapping that holds an address, as in proc(5)."""
    inside = False
    for line in Path("/proc/self/smaps").read_text(encoding="ascii").splitlines():
        first = line.split(maxsplit=1)[0]
        if "-" in first and not first.endswith(":"):
            start, end = (int(part, 16) for part in first.split("-"))
            inside = start <= address < end
        elif inside and first == "VmFlags:":
            return set(line.split()[1:])
    raise AssertionError(f"no mapping at {address:#x}")
