"""Recovery sheets read back: each sheet on its own, then all of them against each other.

A sheet is the text that `KitSheet.text` wrote, or what a person typed from paper: the words alone,
with or without numbers, and with or without the text of the QR code on a line of its own. What is
read is refused as soon as two parts of it disagree, but for one thing: `recovery lines` prints the
slot lines again after the data key was changed, and a person puts them on one sheet today and on the
next one another day. So the lines may be newer than the fingerprint above them, and newer than those
on another sheet of the same kit; the newest count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from wizard.engine.compact_slot import CompactSlot, is_payload
from wizard.engine.masterkey import MasterPublicKey
from wizard.engine.mnemonic import MAXIMUM_TEXT, Mnemonic, decode_share, fault, read_words
from wizard.engine.recovery import MAXIMUM_SHEETS

WORDS_TITLE = "RECOVERY WORDS"
SLOT_TITLE = "RECOVERY SLOT"
END_TITLE = "END"

_TITLE = re.compile(r"[A-Z][A-Z ]*", re.ASCII | re.IGNORECASE)
_DATABASE_ID = re.compile(r"\s*Database id\s*:(.*)", re.IGNORECASE)
_FINGERPRINT = re.compile(r"\s*Fingerprint\s*:(.*)", re.IGNORECASE)
_HEXADECIMAL = re.compile(r"[0-9A-F]{32}", re.ASCII)
_FINGERPRINT_FORM = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){4}", re.ASCII)

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class ParsedKit:
    """What the sheets say. ``mnemonics`` are in the order of the sheets; the rest is public.

    ``slot``, ``fingerprint`` and ``database_id`` (hexadecimal) are None where no sheet has them.
    Where the sheets have the slot lines of several times, ``slot`` is the newest.
    """

    mnemonics: tuple[Mnemonic, ...] = field(repr=False)
    slot: CompactSlot | None
    fingerprint: str | None
    database_id: str | None


def parse_sheets(texts: Sequence[str]) -> ParsedKit:
    """Read 1 to 16 sheets, one text each; errors count them in the order given.

    Every sheet's words and lines are checked on their own; whether the sheets suffice is for
    `recovery.combine` to say. Raises `InvalidRecoveryPhrase`, and `UnsupportedVersion` for slot
    lines of a newer program.
    """
    sheets = [texts] if isinstance(texts, str) else list(texts)
    if not sheets:
        raise fault("there are no recovery sheets")
    if len(sheets) > MAXIMUM_SHEETS:
        raise fault(f"a kit has at most {MAXIMUM_SHEETS} sheets, and {len(sheets)} were given")
    parsed = [
        _parse_sheet(text, f"sheet {number}" if len(sheets) > 1 else "")
        for number, text in enumerate(sheets, 1)
    ]
    slot = _newest_slot(parsed)
    return ParsedKit(
        mnemonics=tuple(sheet.mnemonics[0] for sheet in parsed),
        slot=slot,
        fingerprint=MasterPublicKey(slot.master_public_key).fingerprint
        if slot is not None and _may_be_reprinted(slot)
        else _common(parsed, lambda sheet: sheet.fingerprint, "fingerprint"),
        database_id=_common(parsed, lambda sheet: sheet.database_id, "database id"),
    )


def _parse_sheet(text: str, sheet: str) -> ParsedKit:
    if len(text) > MAXIMUM_TEXT:
        raise fault("this is far too long to be a recovery sheet", sheet=sheet)
    header, words_text, slot_lines = _sections(text.removeprefix("\ufeff"), sheet)
    words = read_words(words_text, sheet=sheet)
    share = decode_share(words, sheet=sheet)
    slot = _read_slot(slot_lines, sheet)
    database_id = _stated(header, _DATABASE_ID, _HEXADECIMAL, "database id", sheet)
    fingerprint = _stated(header, _FINGERPRINT, _FINGERPRINT_FORM, "fingerprint", sheet)
    if slot is None:
        return ParsedKit(
            mnemonics=(words,),
            slot=None,
            fingerprint=fingerprint,
            database_id=database_id.lower() if database_id else None,
        )
    if (share.identifier, share.member_threshold) != (slot.share_identifier, slot.threshold):
        raise fault("the words and the slot lines are of different kits", sheet=sheet)
    if share.index >= slot.shares:
        raise fault("the slot lines speak of fewer sheets", sheet=sheet)
    on_lines = MasterPublicKey(slot.master_public_key).fingerprint
    return ParsedKit(
        mnemonics=(words,),
        slot=slot,
        fingerprint=on_lines
        if _may_be_reprinted(slot)
        else _agree(fingerprint, on_lines, "fingerprint", sheet),
        database_id=_agree(database_id, slot.database_id.hex(), "database id", sheet),
    )


def _sections(text: str, sheet: str) -> tuple[list[str], str, list[str]]:
    """Return the lines before the first heading, the words' text and the slot's lines."""
    lines = text.splitlines()
    titles = [_title(line) for line in lines]
    if not any(titles):
        payloads = [line for line in lines if is_payload(line)]
        return [], "\n".join(line for line in lines if not is_payload(line)), payloads
    sections: dict[str, list[str]] = {"": []}
    current = ""
    for number, (line, title) in enumerate(zip(lines, titles, strict=True), 1):
        if not title:
            sections[current].append(line)
            continue
        if title not in {WORDS_TITLE, SLOT_TITLE, END_TITLE} or title in sections:
            raise fault(f"the heading in line {number} is not expected there", sheet=sheet)
        current = title
        sections[current] = []
    slot = [line for line in sections.get(SLOT_TITLE, []) if line.strip()]
    return sections[""], "\n".join(sections.get(WORDS_TITLE, [])), slot


def _title(line: str) -> str:
    """Return the title of a heading ("== TITLE ==="), or nothing for any other line."""
    text = line.strip()
    title = text.strip("= \t")
    if text.startswith("==") and _TITLE.fullmatch(title):
        return " ".join(title.upper().split())
    return ""


def _read_slot(lines: list[str], sheet: str) -> CompactSlot | None:
    if not lines:
        return None
    if is_payload(lines[0]):
        return CompactSlot.from_payload("".join(lines), sheet=sheet)
    return CompactSlot.from_lines(lines, sheet=sheet)


def _stated(
    header: list[str], label: re.Pattern[str], form: re.Pattern[str], name: str, sheet: str
) -> str | None:
    """Return the value that the sheet's head states, in capitals; None if it states none."""
    for line in header:
        found = label.fullmatch(line)
        if found:
            value = found[1].strip().upper()
            if not form.fullmatch(value):
                raise fault(f"the {name} has a wrong character", sheet=sheet)
            return value
    return None


def _agree(stated: str | None, computed: str, name: str, sheet: str) -> str:
    """Return what the slot says, unless the sheet's own heading says something else."""
    if stated is not None and stated.upper() != computed.upper():
        raise fault(f"the {name} above and the slot lines are of different databases", sheet=sheet)
    return computed


def _may_be_reprinted(slot: CompactSlot) -> bool:
    """Whether these lines may stand on a sheet that is older than they are."""
    return slot.generation > 1


def _newest_slot(sheets: Sequence[ParsedKit]) -> CompactSlot | None:
    """Return the newest slot lines of one kit; refuse sheets of several kits."""
    newest: CompactSlot | None = None
    for number, sheet in enumerate(sheets, 1):
        slot = sheet.slot
        if slot is None:
            continue
        if newest is not None and not (slot == newest or _same_kit_later(slot, newest)):
            raise fault(
                "this sheet is of another kit than the sheets before it; "
                'compare the lines "Database id" and "Made" at their heads',
                sheet=f"sheet {number}",
            )
        if newest is None or slot.generation > newest.generation:
            newest = slot
    return newest


def _same_kit_later(one: CompactSlot, other: CompactSlot) -> bool:
    """Whether both are slots of one kit, written in different generations."""
    first, second = (
        (
            slot.database_id,
            slot.share_identifier,
            slot.threshold,
            slot.shares,
            slot.authority_public_key,
        )
        for slot in (one, other)
    )
    return first == second and one.generation != other.generation


def _common(
    sheets: Sequence[ParsedKit], read: Callable[[ParsedKit], _Value | None], name: str
) -> _Value | None:
    """Return the one value of all sheets that have it."""
    known: _Value | None = None
    for number, sheet in enumerate(sheets, 1):
        value = read(sheet)
        if value is None:
            continue
        if known is not None and known != value:
            raise fault(f"its {name} is not that of the sheets before it", sheet=f"sheet {number}")
        known = value
    return known
