"""The root secret comes from Argon2id v1.3 over memory that is ours; nothing else derives keys.

- Parameters are checked before any work: stored ones are hostile until then (DESIGN section 8).
- Passphrase, keyfile and output are read and written in place, in their `Secret` mappings.
- The working memory is our own mapping (`working_memory`), and all there before Argon2 begins.
- The interpreter lock is free during the derivation, so other threads run on.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial

from wizard.engine.errors import InvalidInput, InvalidParameters
from wizard.engine.secret import Secret
from wizard.engine.working_memory import WorkingMemory
from wizard.values import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wizard.engine.argon2_choice import Argon2

SALT_BYTES = 16  # RFC 9106 section 3.1: 16 bytes is recommended for password hashing
ROOT_SECRET_BYTES = 32

_ONE_PASS_MEMORY_KIB = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class KdfParams:
    """What one derivation costs, in the terms of RFC 9106 section 3.1.

    ``memory_kib`` is m in KiB (Argon2 rounds down to a multiple of ``4 * lanes``), ``passes`` is
    t, ``lanes`` is p.
    """

    memory_kib: int
    passes: int
    lanes: int

    def check(self) -> None:
        """Raise `InvalidParameters`, naming field, value and limit, outside FLOOR and maximum.

        One pass is accepted from 2 GiB on: that is RFC 9106's first recommended set (section 4).
        RFC 9106's ``memory >= 8 * lanes`` follows from the floor and the maximum.
        """
        floor_passes = 1 if self.memory_kib >= _ONE_PASS_MEMORY_KIB else FLOOR.passes
        for name, value, lowest, highest in (
            ("memory_kib", self.memory_kib, FLOOR.memory_kib, FORMAT_MAXIMUM.memory_kib),
            ("passes", self.passes, floor_passes, FORMAT_MAXIMUM.passes),
            ("lanes", self.lanes, FLOOR.lanes, FORMAT_MAXIMUM.lanes),
        ):
            if value < lowest:
                raise InvalidParameters(f"{name} is {value}; at least {lowest} is required.")
            if value > highest:
                raise InvalidParameters(f"{name} is {value}; at most {highest} is allowed.")


FLOOR = KdfParams(memory_kib=19 * 1024, passes=2, lanes=1)
"""The weakest that is accepted, each field by itself (OWASP password storage: 19 MiB, t=2, p=1)."""

FORMAT_MAXIMUM = KdfParams(memory_kib=4 * 1024 * 1024, passes=64, lanes=16)
"""The dearest that is accepted, each field by itself: a bound on what a hostile file can cost."""

RFC_9106_FIRST = KdfParams(memory_kib=2 * 1024 * 1024, passes=1, lanes=4)
RFC_9106_SECOND = KdfParams(memory_kib=64 * 1024, passes=3, lanes=4)
RFC_9106_SETS = {"rfc9106-first": RFC_9106_FIRST, "rfc9106-second": RFC_9106_SECOND}
"""The two recommended sets of RFC 9106 section 4, in its order of preference."""


def derive(
    passphrase: Secret, *, salt: bytes, params: KdfParams, keyfile: Secret | None = None
) -> Secret:
    """Return the 32-byte root secret: Argon2id v1.3 with the keyfile as its secret input.

    Safe in a worker thread. Cannot be interrupted. Raises `InvalidParameters` outside the limits
    of `KdfParams.check` or for a salt that is not 16 bytes, `InvalidInput` for an empty keyfile
    (it would protect nothing, unnoticed), `NoMemory` when the system refuses the memory, and
    `ValueError` when a secret was wiped meanwhile.
    """
    params.check()
    if len(salt) != SALT_BYTES:
        raise InvalidParameters(f"The salt is {len(salt)} bytes; exactly {SALT_BYTES} are needed.")
    if keyfile is not None and len(keyfile) == 0:
        raise InvalidInput("The keyfile is empty.")
    return _derive(passphrase, salt=salt, params=params, keyfile=keyfile)


def touch_memory(memory_kib: int) -> None:
    """Have the system back as much memory as a derivation needs, and give it back.

    Only for measuring: it moves the cost of memory that was never touched since the machine
    started out of the measured time. Does nothing where the kernel (Linux before 5.14) cannot.
    Raises `NoMemory`.
    """
    with WorkingMemory(memory_kib * 1024) as memory:
        memory.touch()


def _derive(
    passphrase: Secret,
    *,
    salt: bytes,
    params: KdfParams,
    keyfile: Secret | None = None,
    associated_data: bytes = b"",
    argon2: Argon2 | None = None,
) -> Secret:
    """Derive with any parameters that Argon2 itself takes, by the Argon2 of this process.

    The associated data is for vectors, and another Argon2 for comparing it.
    """
    from wizard.engine import argon2_choice  # noqa: PLC0415 - 3 ms that no other use needs

    chosen = argon2_choice.argon2() if argon2 is None else argon2
    ffi, lib = chosen.ffi, chosen.lib
    output = Secret.copy_of(bytes(ROOT_SECRET_BYTES))
    try:
        with ExitStack() as held:
            # Views and pointers are released in reverse order, whatever happens: Secrets must
            # not be left exposed, and the memory cannot be unmapped while a pointer is out.
            memory = held.enter_context(WorkingMemory(params.memory_kib * 1024))
            memory.touch()

            def pointer(source: Secret | bytes) -> Any:
                exposed = source.expose() if isinstance(source, Secret) else memoryview(source)
                return held.enter_context(ffi.from_buffer("uint8_t[]", held.enter_context(exposed)))

            fields: dict[str, Any] = {
                "out": pointer(output),
                "pwd": pointer(passphrase),
                "salt": pointer(salt),
                "secret": pointer(b"" if keyfile is None else keyfile),
                "ad": pointer(associated_data),
            }
            fields |= {f"{name}len": len(data) for name, data in fields.items()}
            fields |= {"t_cost": params.passes, "m_cost": params.memory_kib}
            fields |= {"lanes": params.lanes, "threads": params.lanes}
            fields |= {"version": lib.ARGON2_VERSION_13, "flags": lib.ARGON2_DEFAULT_FLAGS}
            # Python runs signal handlers at the next bytecode, which after minutes in Argon2 is
            # one of the callbacks; cffi would print what they raise there, and drop it.
            raised: list[BaseException] = []
            callback = partial(
                ffi.callback, onerror=lambda _kind, error, _trace: raised.append(error)
            )
            fields["allocate_cbk"] = callback(
                "int(uint8_t **, size_t)",
                partial(memory.lend, ffi),
                error=lib.ARGON2_MEMORY_ALLOCATION_ERROR,
            )
            fields["free_cbk"] = callback("void(uint8_t *, size_t)", memory.take_back)
            context = ffi.new("argon2_context *", fields)
            try:
                _run(ffi, lib, context)
            finally:
                if raised:
                    raise raised[0]
        # A signal may have wiped an input under Argon2's hands; `len` raises if it did.
        len(passphrase), keyfile is None or len(keyfile), len(output)
    except BaseException:
        output.close()
        raise
    return output


def _run(ffi: Any, lib: Any, context: Any) -> None:
    result = lib.argon2_ctx(context, lib.Argon2_id)
    if result == lib.ARGON2_THREAD_FAIL:
        # A process limit, as in containers: the lanes can be filled one after the other as well.
        context.threads = 1
        result = lib.argon2_ctx(context, lib.Argon2_id)
    if result != lib.ARGON2_OK:
        reason = ffi.string(lib.argon2_error_message(result)).decode()
        raise InvalidParameters(f"Argon2 refuses these parameters: {reason}.")
