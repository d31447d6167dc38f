"""Each line of an audit log held against the one before it, against keys and against anchors.

- One pass, in the order of the file; what is remembered does not grow with the log.
- A line that is missing, moved, doubled, changed or not ours is named by its number, once.
- What a crash or a full disk leaves is no fault if the entry after it vouches for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from wizard.engine.audit_entry import (
    HASH_BYTES,
    AuditEntry,
    Outcome,
    hash_of,
    parse_line,
)
from wizard.engine.chain import public_key_at
from wizard.engine.encoding import Malformed
from wizard.engine.metadata import AuditHead, Metadata

_MOST_FINDINGS = 100
_MOST_GAPS = 1000
_BEGINNINGS = ("initialize", "reinitialize")


class Fault(StrEnum):
    """FORMAT.md, section 11, "What MUST be found"."""

    CHANGED = "changed"
    REMOVED = "removed"
    REORDERED = "reordered"
    DUPLICATED = "duplicated"
    INSERTED = "inserted"
    TRUNCATED = "truncated"
    BAD_SIGNATURE = "bad_signature"
    UNSIGNED = "unsigned"
    FOREIGN = "foreign"


_WORDS = {
    Fault.CHANGED: "{lines} changed after it was written.",
    Fault.REMOVED: "{lines} removed.",
    Fault.REORDERED: "{lines} moved to another place.",
    Fault.DUPLICATED: "{lines} there twice.",
    Fault.INSERTED: "{lines} put in, and no entry of this log.",
    Fault.TRUNCATED: "{lines} cut off at the end.",
    Fault.BAD_SIGNATURE: "{lines} signed by another key, or was rewritten.",
    Fault.UNSIGNED: "{lines} without the signature that it had.",
    Fault.FOREIGN: "{lines} of another database's log.",
}
_WERE = (Fault.CHANGED, Fault.REMOVED, Fault.REORDERED, Fault.INSERTED, Fault.TRUNCATED)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with the lines ``first`` to ``last``, by their numbers."""

    fault: Fault
    first: int
    last: int

    def __str__(self) -> str:
        several = self.last > self.first
        lines = f"Entries {self.first} to {self.last}" if several else f"Entry {self.first}"
        verb = ("were" if several else "was") if self.fault in _WERE else "is"
        return _WORDS[self.fault].format(lines=f"{lines} {verb}")


class _Place:
    """The last entry in order, and the lines after it that are no entries.

    ``known``: what the next entry may call ``previous`` if there is no such line.
    """

    def __init__(self, number: int = 0, line: bytes | None = None) -> None:
        self.number = number
        self.hash = hashlib.blake2b(line or b"", digest_size=HASH_BYTES)
        self.known = {b"" if line is None else self.hash.digest()}
        self.junk = 0
        self.junk_is_whole = False
        self.badly_signed = False
        self.well_signed = False

    def add_junk(self, line: bytes, *, ended: bool) -> None:
        """A line that is no entry. No crash leaves one that is whole."""
        self.hash.update(b"\n" + line if self.number or self.junk else line)
        self.junk += 1
        self.junk_is_whole = ended and line[:1] == b"{" and line[-1:] == b"}"

    @property
    def following(self) -> int:
        """The number of the next line."""
        return self.number + self.junk + 1

    def is_named_by(self, entry: AuditEntry) -> bool:
        """Whether the entry after these lines vouches for them."""
        return entry.previous in ({self.hash.digest()} if self.junk else self.known)


class ChainReader:
    """Takes the lines one after another; `finish` gives the findings.

    ``head``: how far the log has come. ``signed``: signatures verified. ``unchecked``: signatures
    for which no key is at hand. ``covered``: lines that a signature or an anchor vouches for.
    ``more``: findings over those that are kept.
    """

    def __init__(self, metadata: Metadata | None, anchors: Sequence[AuditHead]) -> None:
        self.head = AuditHead()
        self.signed = self.unchecked = self.covered = self.more = 0
        self._metadata = metadata
        self._anchors = anchors
        self._findings: list[Finding] = []
        self._incomplete: list[int] = []
        self._gaps: list[tuple[int, int]] = []
        self._place = _Place()
        self._database_id = b""
        self._id_since = 0

    def feed(self, line: bytes, *, ended: bool = True) -> None:
        """The next line, without its line feed; ``ended``: whether it had one."""
        try:
            entry = parse_line(line)
        except Malformed:
            self._place.add_junk(line, ended=ended)
            self._arrive(self._place.following - 1)
        else:
            self._take(entry, line)

    def finish(self) -> tuple[Finding, ...]:
        """What is wrong, by the numbers of the lines, as far as it is kept; empty if nothing is."""
        place = self._place
        self._settle(agrees=not place.junk_is_whole)
        for first, last in self._gaps:
            self._found(Fault.REMOVED, first, last)
        self._gaps = []
        named = max((anchor.entries for anchor in self._anchors), default=0)
        if named > self.head.entries:
            self._found(Fault.TRUNCATED, self.head.entries + 1, named)
        if self._metadata and self._database_id not in (b"", self._metadata.database_id):
            self._found(Fault.FOREIGN, self._id_since)
        return tuple(sorted(self._findings, key=lambda each: (each.first, each.fault)))

    def notes(self) -> tuple[str, ...]:
        """What is no fault, but has to be said."""
        notes = [
            f"Line {number} is incomplete: a crash or a full disk cut it off."
            for number in self._incomplete
        ]
        if self.unchecked:
            notes.append(f"For {self.unchecked} signatures no key is at hand: not checked.")
        if self.covered < self.head.entries:
            after = self.head.entries - self.covered
            lines = "last line" if after == 1 else f"last {after} lines"
            notes.append(
                f"No signature vouches for the {lines} yet; the next unlocking by passphrase does."
            )
        return tuple(notes)

    def _take(self, entry: AuditEntry, line: bytes) -> None:
        place = self._place
        if entry.number == place.following:
            self._settle(agrees=place.is_named_by(entry))
        elif place.junk and entry.number == place.number + 1:
            self._found(Fault.INSERTED, place.number + 1, place.following - 1)
            place.junk = 0
            self._settle(agrees=place.is_named_by(entry))
        elif entry.number > place.following:
            self._settle(agrees=not place.junk)
            self._open_gap(place.following, entry.number - 1)
        else:
            self._take_out_of_place(entry, line)
            return
        self._place = _Place(entry.number, line)
        self._check_database(entry)
        self._check_signature(entry)
        self._arrive(entry.number)

    def _take_out_of_place(self, entry: AuditEntry, line: bytes) -> None:
        for index, (first, last) in enumerate(self._gaps):
            if first <= entry.number <= last:
                parts = ((first, entry.number - 1), (entry.number + 1, last))
                self._gaps[index : index + 1] = [part for part in parts if part[0] <= part[1]]
                self._found(Fault.REORDERED, entry.number)
                return
        self._found(Fault.DUPLICATED, entry.number)
        if entry.number == self._place.number:
            # Which of the two was put in, the next entry says.
            self._place.known.add(hash_of(line))

    def _open_gap(self, first: int, last: int) -> None:
        self._gaps.append((first, last))
        if len(self._gaps) > _MOST_GAPS:
            self._found(Fault.REMOVED, *self._gaps.pop(0))

    def _settle(self, *, agrees: bool) -> None:
        """Nothing more can be learned about the last entry and the lines after it."""
        place = self._place
        if place.junk and agrees:
            self._incomplete += range(place.number + 1, place.following)
            self._incomplete = self._incomplete[:_MOST_FINDINGS]
        elif not agrees and place.junk:
            self._found(Fault.CHANGED, place.number + 1, place.following - 1)
        elif not agrees:
            # A sound signature clears the entry; then the next one names it wrongly.
            self._found(Fault.CHANGED, place.number + place.well_signed)
        if place.badly_signed and (agrees or place.junk):
            self._found(Fault.BAD_SIGNATURE, place.number)

    def _check_database(self, entry: AuditEntry) -> None:
        # What is not done names what a sidecar said that nothing had proved.
        if entry.database_id in (b"", self._database_id) or entry.outcome is not Outcome.DONE:
            return
        begins = entry.event in _BEGINNINGS
        if self._database_id and not begins:
            self._found(Fault.FOREIGN, entry.number)
        else:
            self._database_id, self._id_since = entry.database_id, entry.number

    def _check_signature(self, entry: AuditEntry) -> None:
        if entry.must_be_signed and not entry.signature:
            self._found(Fault.UNSIGNED, entry.number)
        if not entry.signature:
            return
        metadata = self._metadata
        if metadata is None or entry.database_id not in (b"", metadata.database_id):
            self.unchecked += 1
            return
        key = public_key_at(metadata.chain, entry.generation)
        if key is not None and entry.is_signed_by(key):
            self._place.well_signed = True
            self.signed += 1
            self.covered = entry.number
        else:
            self._place.badly_signed = True

    def _arrive(self, number: int) -> None:
        self.head = AuditHead(number, self._place.hash.digest())
        for anchor in self._anchors:
            if anchor.entries == number and anchor.head == self.head.head:
                self.covered = number
            elif anchor.entries == number:
                self._found(Fault.CHANGED, number)

    def _found(self, fault: Fault, first: int, last: int | None = None) -> None:
        finding = Finding(fault, first, first if last is None else last)
        if finding in self._findings:
            return
        if len(self._findings) < _MOST_FINDINGS:
            self._findings.append(finding)
        else:
            self.more += 1
