"""The recovery secret as SLIP-39 words on one sheet, or on k of n sheets.

- A sheet is judged on its own first (`wizard.engine.mnemonic`), then the set: one kit, enough
  different sheets, and the digest that SLIP-39 puts beside a shared secret.
- The recovery secret is 256 random bits, so SLIP-39's own passphrase and its key stretching
  protect nothing here: the passphrase is empty and the iteration exponent is 0.
- Words are text to be read, and the SLIP-39 library computes on `bytes`: copies of both stay in the
  process until Python reuses their memory. Only what `combine` returns is a `Secret`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from shamir_mnemonic import MnemonicError, Share, generate_mnemonics, recover_ems
from shamir_mnemonic.shamir import ShareGroup

from wizard.engine.errors import InvalidInput, InvalidRecoveryPhrase
from wizard.engine.mnemonic import (
    Mnemonic,
    ShareParameters,
    complete_word,
    decode_share,
    fault,
    is_word,
    possible_words,
    read_words,
    share_parameters,
)
from wizard.engine.secret import Secret

__all__ = [
    "MAXIMUM_SHEETS",
    "Mnemonic",
    "RecoveryPlan",
    "ShareParameters",
    "combine",
    "complete_word",
    "is_word",
    "possible_words",
    "share_parameters",
    "split",
]

MAXIMUM_SHEETS = 16
"""SLIP-39 counts members in four bits."""

SECRET_BYTES = 32

_HOLDER_CHARACTERS = 64
_PLAN = re.compile(r"\s*([0-9]{1,2})\s*of\s*([0-9]{1,2})\s*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RecoveryPlan:
    """How many sheets there are, how many of them are needed, and who holds each.

    One sheet, or 2 <= threshold <= shares <= 16; SLIP-39 has no 1 of several, which would be
    copies of one sheet. ``holders`` has a label of 1 to 64 printable characters for each sheet, or
    is empty: then they are "sheet 1", "sheet 2" and so on. Raises `InvalidInput`.
    """

    threshold: int = 1
    shares: int = 1
    holders: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        alone = self.threshold == self.shares == 1
        if not alone and not 2 <= self.threshold <= self.shares <= MAXIMUM_SHEETS:  # noqa: PLR2004 - stated above
            raise InvalidInput(
                f"Recovery sheets: {self.threshold} of {self.shares} is not possible; it is 1of1, "
                f"or at least 2 of at most {MAXIMUM_SHEETS}, such as 2of3."
            )
        if not self.holders:
            default = tuple(f"sheet {number}" for number in range(1, self.shares + 1))
            object.__setattr__(self, "holders", default)
        if len(self.holders) != self.shares:
            raise InvalidInput(
                f"Recovery sheets: {self.shares} holders are needed, one for each sheet, "
                f"not {len(self.holders)}."
            )
        for holder in self.holders:
            _check_holder(holder)

    @classmethod
    def parse(cls, text: str, *, holders: tuple[str, ...] = ()) -> RecoveryPlan:
        """Return the plan that "2of3" stands for. Raises `InvalidInput`."""
        found = _PLAN.fullmatch(text)
        if found is None:
            raise InvalidInput("Recovery sheets are given as 1of1, or such as 2of3.")
        return cls(threshold=int(found[1]), shares=int(found[2]), holders=holders)


def split(secret: Secret, plan: RecoveryPlan) -> tuple[Mnemonic, ...]:
    """Return the words of each sheet, in the order of ``plan.holders``; 33 words each.

    ``secret`` has 32 bytes and is left open. Every call draws a new identifier and new shares.
    """
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"a recovery secret has {SECRET_BYTES} bytes")
    with secret.expose() as view:
        groups = generate_mnemonics(
            1,
            [(plan.threshold, plan.shares)],
            bytes(view),
            b"",
            extendable=True,
            iteration_exponent=0,
        )
    return tuple(tuple(mnemonic.split()) for mnemonic in groups[0])


def combine(mnemonics: Sequence[str | Sequence[str]]) -> Secret:
    """Return the recovery secret (32 bytes) that the sheets' words stand for.

    Each item is one sheet's words, as text or as a sequence of words; errors count the sheets in
    the order in which they were given. More sheets than needed are accepted and read, and the
    first ones that suffice are used.

    Raises `InvalidRecoveryPhrase`.
    """
    sheets = [mnemonics] if isinstance(mnemonics, str) else list(mnemonics)
    if not sheets:
        raise fault("there are no words")
    if len(sheets) > MAXIMUM_SHEETS:
        raise fault(f"a kit has at most {MAXIMUM_SHEETS} sheets, and {len(sheets)} were given")
    shares = []
    for number, sheet in enumerate(sheets, 1):
        label = f"sheet {number}" if len(sheets) > 1 else ""
        shares.append(decode_share(read_words(sheet, sheet=label), sheet=label))
    return _recover(_enough_of_one_kit(shares))


def _check_holder(holder: str) -> None:
    if not 1 <= len(holder) <= _HOLDER_CHARACTERS or not holder.isprintable() or holder.isspace():
        raise InvalidInput(
            f"A sheet's holder is named with 1 to {_HOLDER_CHARACTERS} printable characters."
        )


def _enough_of_one_kit(shares: list[Share]) -> list[Share]:
    """Return as many different shares of one kit as its threshold says."""
    first = shares[0]
    chosen: dict[int, tuple[int, Share]] = {}
    repeated: list[str] = []
    for number, share in enumerate(shares, 1):
        if share.group_parameters() != first.group_parameters():
            raise fault("this sheet is of another kit than sheet 1", sheet=f"sheet {number}")
        earlier, known = chosen.setdefault(share.index, (number, share))
        if known != share:
            raise fault(
                f"this sheet and sheet {earlier} are of different kits", sheet=f"sheet {number}"
            )
        if earlier != number:
            repeated.append(f"sheets {earlier} and {number} are the same")
    needed = first.member_threshold
    if len(chosen) < needed:
        raise _too_few(needed=needed, given=len(chosen), repeated=repeated)
    return [share for _, share in chosen.values()][:needed]


def _too_few(*, needed: int, given: int, repeated: list[str]) -> InvalidRecoveryPhrase:
    note = f" ({'; '.join(repeated)})" if repeated else ""
    verb = "was" if given == 1 else "were"
    return fault(
        f"{needed} different sheets of this kit are needed, and {given} {verb} given{note}"
    )


def _recover(shares: list[Share]) -> Secret:
    group = ShareGroup()
    for share in shares:
        group.add(share)
    try:
        encrypted = recover_ems({0: group})
    except MnemonicError:
        encrypted = None
    if encrypted is None:
        # Checksums were right, the digest of the whole is not: sheets of two kits that drew the
        # same 15-bit identifier, or a sheet that somebody made up.
        raise fault("these sheets do not belong together")
    return Secret.take(bytearray(encrypted.decrypt(b"")))
