"""The recovery kit: what is printed reads back, and no change to it goes unnoticed."""

from __future__ import annotations

import hashlib
import struct
import unicodedata
from dataclasses import replace

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shamir_mnemonic import EncryptedMasterSecret, split_ems
from shamir_mnemonic.wordlist import WORDLIST

from wizard.engine import crockford, slot_lines
from wizard.engine.errors import InvalidInput, InvalidRecoveryPhrase, UnsupportedVersion
from wizard.engine.kit import (
    CompactSlot,
    Drawing,
    KitSheet,
    ParsedKit,
    RecoveryKit,
    SlotQr,
    parse_sheets,
)
from wizard.engine.masterkey import MasterPublicKey
from wizard.engine.mnemonic import MAXIMUM_TEXT
from wizard.engine.recovery import RecoveryPlan, combine

IDENTIFIER = 10413
REFUSED = (InvalidRecoveryPhrase, UnsupportedVersion)


def fill(label: str, size: int) -> bytes:
    return hashlib.shake_128(label.encode()).digest(size)


def slot_for(plan: RecoveryPlan, label: str = "") -> CompactSlot:
    return CompactSlot(
        database_id=fill(f"id{label}", 16),
        generation=1,
        cipher="aegis",
        page_size=4096,
        file_salt=fill("salt", 16),
        slot_id=fill("slot", 8),
        share_identifier=IDENTIFIER,
        threshold=plan.threshold,
        shares=plan.shares,
        authority_public_key=fill("authority", 32),
        master_public_key=fill(f"master{label}", 32),
        ephemeral=fill("ephemeral", 32),
        ciphertext=fill("ciphertext", 48),
    )


def kit_for(plan: str, *, name: str = "node.db", holder: str = "", label: str = "") -> RecoveryKit:
    parsed = RecoveryPlan.parse(plan)
    slot = slot_for(parsed, label)
    encrypted = EncryptedMasterSecret(IDENTIFIER, True, 0, fill(f"secret{label}", 32))
    shares = split_ems(1, [(parsed.threshold, parsed.shares)], encrypted)[0]
    return RecoveryKit(
        tuple(
            KitSheet(
                database_name=name,
                database_id=slot.database_id.hex(),
                fingerprint=MasterPublicKey(slot.master_public_key).fingerprint,
                format_version=1,
                cipher="aegis",
                created_at="2025-11-24T09:30:00Z",
                tool="datafold-wizard 0.1.0",
                number=number,
                of=parsed.shares,
                threshold=parsed.threshold,
                holder=holder or default,
                words=tuple(share.words()),
                slot=slot,
            )
            for number, (share, default) in enumerate(zip(shares, parsed.holders, strict=True), 1)
        )
    )


KIT = kit_for("1of1")
SHEET = KIT.sheets[0]
TEXT = SHEET.text()
SLOT = SHEET.slot
LINES = SLOT.to_lines()
FAMILY = kit_for("2of3")


def columns(line: str) -> int:
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in line
    )


def checksummed(fields: bytes) -> bytes:
    return fields + hashlib.blake2b(fields, digest_size=4, person=b"dfw-slot").digest()


# The compact slot ----------------------------------------------------------------------------


def test_the_slot_has_the_layout_of_format_md() -> None:
    data = SLOT.to_bytes()
    assert len(data) == 199
    assert data[:1] == b"\x01"
    assert data[1:17] == SLOT.database_id
    assert struct.unpack(">I", data[17:21]) == (1,)
    assert data[21:23] == bytes([1, 12])
    assert data[23:39] == SLOT.file_salt
    assert data[39:47] == SLOT.slot_id
    assert struct.unpack(">H", data[47:49]) == (IDENTIFIER,)
    assert data[49:51] == bytes([1, 1])
    assert data[51:83] == SLOT.authority_public_key
    assert data[83:115] == SLOT.master_public_key
    assert data[115:147] == SLOT.ephemeral
    assert data[147:195] == SLOT.ciphertext
    assert data == checksummed(data[:195])


def fixed(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)


SLOTS = st.builds(
    CompactSlot,
    database_id=fixed(16),
    generation=st.integers(1, 2**31),
    cipher=st.sampled_from(["aegis", "chacha20", "sqlcipher"]),
    page_size=st.sampled_from([2**power for power in range(9, 17)]),
    file_salt=fixed(16),
    slot_id=fixed(8),
    share_identifier=st.integers(0, 2**15 - 1),
    threshold=st.just(2),
    shares=st.integers(2, 16),
    authority_public_key=fixed(32),
    master_public_key=fixed(32),
    ephemeral=fixed(32),
    ciphertext=fixed(48),
)


@settings(max_examples=60, deadline=None)
@given(SLOTS)
def test_every_slot_reads_back(slot: CompactSlot) -> None:
    assert CompactSlot.from_bytes(slot.to_bytes()) == slot
    assert CompactSlot.from_lines(slot.to_lines()) == slot
    assert CompactSlot.from_payload(slot.to_payload()) == slot


@pytest.mark.parametrize(
    "change",
    [
        {"database_id": bytes(15)},
        {"ciphertext": bytes(49)},
        {"generation": 0},
        {"generation": 2**31 + 1},
        {"cipher": "des"},
        {"page_size": 256},
        {"page_size": 4097},
        {"share_identifier": 2**15},
        {"threshold": 1, "shares": 2},
        {"threshold": 3, "shares": 2},
        {"threshold": 2, "shares": 17},
        {"threshold": 0, "shares": 0},
    ],
    ids=str,
)
def test_values_that_no_slot_can_have(change: dict) -> None:
    with pytest.raises(ValueError, match="no recovery slot"):
        replace(SLOT, **change)


@pytest.mark.parametrize(
    ("at", "value"),
    [(17, 255), (21, 0), (21, 4), (22, 8), (22, 17), (47, 255), (49, 0), (49, 2), (50, 2)],
)
def test_sound_bytes_with_impossible_values_are_refused(at: int, value: int) -> None:
    fields = bytearray(SLOT.to_bytes()[:-4])
    fields[at] = value
    with pytest.raises(InvalidRecoveryPhrase):
        CompactSlot.from_bytes(checksummed(bytes(fields)))


def test_every_changed_byte_and_every_length_is_refused() -> None:
    data = SLOT.to_bytes()
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1 << at % 8
        with pytest.raises(InvalidRecoveryPhrase):
            CompactSlot.from_bytes(bytes(changed))
        with pytest.raises(InvalidRecoveryPhrase):
            CompactSlot.from_bytes(data[:at])
    with pytest.raises(InvalidRecoveryPhrase):
        CompactSlot.from_bytes(checksummed(data))


@pytest.mark.parametrize("fields", [b"\x02", b"\x02" + bytes(200), b"\x00" + bytes(194)])
def test_another_version_is_told_apart_from_damage(fields: bytes) -> None:
    data = checksummed(fields)
    with pytest.raises(UnsupportedVersion):
        CompactSlot.from_bytes(data)
    with pytest.raises(UnsupportedVersion):
        CompactSlot.from_lines(slot_lines.encode_lines(data))
    with pytest.raises(UnsupportedVersion):
        CompactSlot.from_payload("DFWR2:WHATEVER IT HOLDS")


# Its lines -----------------------------------------------------------------------------------


def test_lines_are_numbered_and_narrow() -> None:
    assert [line[0] for line in LINES] == list("12345678")
    assert max(map(len, LINES)) == 56
    assert not set("".join(LINES)) & set("ILOU")


@pytest.mark.parametrize(
    "written",
    [
        [line.lower() for line in LINES],
        [line.replace(" ", "") for line in LINES],
        [line.replace(" ", "-") for line in LINES],
        [line.replace("0", "O").replace("1", "l") for line in LINES],
        [line.replace("0", "o").replace("1", "I") for line in LINES],
    ],
    ids=["small", "close", "hyphens", "letters", "other-letters"],
)
def test_spelling_that_does_not_matter(written: list[str]) -> None:
    assert CompactSlot.from_lines(written) == SLOT


def test_every_wrong_character_is_refused_in_its_line() -> None:
    for number, line in enumerate(LINES):
        for at, character in enumerate(line):
            for other in crockford.ALPHABET + "U?. ":
                if other == character or {other, character} <= set(" -"):
                    continue
                damaged = [*LINES]
                damaged[number] = line[:at] + other + line[at + 1 :]
                with pytest.raises(InvalidRecoveryPhrase) as caught:
                    CompactSlot.from_lines(damaged, sheet="sheet 2")
                assert caught.value.where == f"sheet 2, slot line {number + 1}"


def test_every_two_characters_that_changed_places_are_refused_in_their_line() -> None:
    compact = LINES[0].replace(" ", "")
    for first in range(1, 41):
        for second in range(first + 1, 41):
            characters = [*compact]
            characters[first], characters[second] = characters[second], characters[first]
            if "".join(characters) == compact:
                continue
            with pytest.raises(InvalidRecoveryPhrase) as caught:
                CompactSlot.from_lines(["".join(characters), *LINES[1:]])
            assert caught.value.where == "slot line 1"


@pytest.mark.parametrize(
    ("lines", "where"),
    [
        ([], ""),
        ([*LINES, *LINES], ""),
        (LINES[1:], "slot line 1"),
        ([*LINES[:3], *LINES[4:]], "slot line 4"),
        ([LINES[1], LINES[0], *LINES[2:]], "slot line 1"),
        ([*LINES[:4], LINES[3], *LINES[4:]], "slot line 5"),
        (LINES[:-1], ""),
        ([*LINES[:3], "", *LINES[4:]], "slot line 4"),
        ([*LINES[:3], "4 AB", *LINES[4:]], "slot line 4"),
        ([LINES[0] + "0", *LINES[1:]], "slot line 1"),
        ([*LINES[:-1], LINES[-1].replace("  ", " \u017f ")], "slot line 8"),
    ],
    ids=[
        "none",
        "too-many",
        "first-missing",
        "one-missing",
        "exchanged",
        "repeated",
        "last-missing",
        "empty",
        "short",
        "long",
        "long-s",
    ],
)
def test_wrong_lines_are_refused(lines: list[str], where: str) -> None:
    with pytest.raises(InvalidRecoveryPhrase) as caught:
        CompactSlot.from_lines(lines)
    assert caught.value.where == where


def test_lines_that_do_not_end_where_bytes_end() -> None:
    with pytest.raises(InvalidRecoveryPhrase) as caught:
        slot_lines.decode_lines([f"1 ABC {slot_lines._check(1, 'ABC')}"])
    assert caught.value.where == "slot line 1"


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=1, max_size=225))
def test_any_bytes_read_back_from_lines(data: bytes) -> None:
    assert slot_lines.decode_lines(slot_lines.encode_lines(data)) == data


@pytest.mark.parametrize(
    "text", ["", "DFWR:", "DFWR1:", "DFWR1:U", "DFWR1:AAAA", "XFWR1:AA", "A" * (MAXIMUM_TEXT + 1)]
)
def test_texts_that_no_qr_code_held(text: str) -> None:
    with pytest.raises(InvalidRecoveryPhrase):
        CompactSlot.from_payload(text)


# The sheet -----------------------------------------------------------------------------------


def test_a_sheet_says_everything_in_an_emergency() -> None:
    for said in (
        "RECOVERY SHEET 1 OF 1",
        "node.db",
        SHEET.database_id,
        SHEET.fingerprint,
        "version 1, cipher aegis",
        "2025-11-24T09:30:00Z by datafold-wizard 0.1.0",
        "1 of 1; it is enough",
        "sheet 1",
        "pip install datafold-wizard",
        "datafold-wizard verify /path/to/DATABASE --recovery THIS_FILE\n",
        "datafold-wizard shell /path/to/DATABASE --recovery THIS_FILE\n",
        *LINES,
        *(f"{number:2d}. {word}" for number, word in enumerate(SHEET.words, 1)),
    ):
        assert said in TEXT


def test_each_of_several_sheets_says_how_many_are_needed() -> None:
    for number, sheet in enumerate(FAMILY.sheets, 1):
        text = " ".join(sheet.text().split())
        assert f"RECOVERY SHEET {number} OF 3" in text
        assert "Whoever holds any 2 of the 3 sheets" in text
        assert f"{number} of 3; any 2 of the 3 sheets are needed" in text
        assert text.count("--recovery SHEET_1_FILE \\ --recovery SHEET_2_FILE") == 2
        assert "SHEET_3_FILE" not in text


@pytest.mark.parametrize("plan", ["1of1", "2of2", "2of3", "9of9", "16of16", "10of16"])
def test_a_sheet_fits_a_page(plan: str) -> None:
    for sheet in kit_for(plan).sheets:
        assert sheet.text().isascii()
        assert max(map(len, sheet.text().splitlines())) <= 78
        assert sheet.text().count("\n") <= 72


HOSTILE_NAMES = st.text(min_size=1, max_size=300) | st.sampled_from(
    [
        "x\n== END ==",
        "a\x1b[2Jb",
        "\udcff.db",
        "数据库" * 40,
        "a b" * 60,
        "e\u0301" * 100,
        "\u202edb",
    ]
)


@settings(max_examples=60, deadline=None)
@given(HOSTILE_NAMES)
def test_a_name_changes_nothing_but_its_own_lines(name: str) -> None:
    text = kit_for("1of1", name=name).sheets[0].text()
    text.encode()
    assert all(line.isprintable() for line in text.split("\n"))
    assert max(map(columns, text.splitlines())) <= 78
    marker = "Database id :"
    assert text[text.index(marker) :].splitlines() == TEXT[TEXT.index(marker) :].splitlines()
    assert parse_sheets([text]).mnemonics == (SHEET.words,)


def test_a_holder_may_have_any_script() -> None:
    text = kit_for("1of1", holder="数" * 64).sheets[0].text()
    assert text.count("数") == 64
    assert max(map(columns, text.splitlines())) <= 78


@pytest.mark.parametrize(
    "change",
    [
        {"number": 2},
        {"of": 2},
        {"threshold": 2},
        {"cipher": "chacha20"},
        {"database_id": "00" * 16},
        {"fingerprint": "0000-0000-0000-0000-0000"},
        {"words": FAMILY.sheets[0].words},
        {"slot": replace(SLOT, share_identifier=IDENTIFIER + 1)},
        {"slot": slot_for(RecoveryPlan(), "other")},
    ],
    # Not the values: the words are other ones in every run.
    ids="-".join,
)
def test_a_sheet_that_contradicts_itself_is_not_made(change: dict) -> None:
    with pytest.raises(InvalidInput):
        replace(SHEET, **change)


def test_words_are_not_shown_by_accident() -> None:
    for shown in (repr(KIT), str(SHEET), repr(parse_sheets([TEXT]))):
        assert not any(f"'{word}'" in shown for word in SHEET.words)


# Reading back --------------------------------------------------------------------------------


@pytest.mark.parametrize("plan", ["1of1", "2of3", "16of16"])
def test_a_kit_reads_back(plan: str) -> None:
    kit = kit_for(plan)
    parsed = parse_sheets([sheet.text() for sheet in kit.sheets])
    assert parsed.mnemonics == tuple(sheet.words for sheet in kit.sheets)
    assert parsed.slot == kit.sheets[0].slot
    assert parsed.fingerprint == kit.sheets[0].fingerprint
    assert parsed.database_id == kit.sheets[0].database_id
    with combine(parsed.mnemonics) as secret:
        assert len(secret) == 32


BODY = TEXT[TEXT.rindex("== RECOVERY WORDS") :]


@pytest.mark.parametrize(
    "written",
    [
        TEXT.replace("\n", "\r\n"),
        "\ufeff" + TEXT,
        TEXT.upper(),
        BODY,
        BODY.replace("=", "")
        .replace("RECOVERY WORDS", "==recovery words")
        .replace("RECOVERY SLOT", "== Recovery  slot")
        .replace(" END ", "==END"),
        BODY[: BODY.rindex("== END")],
        f"{' '.join(SHEET.words)}\n{SLOT.to_payload()}\n",
        f"{SLOT.to_payload().lower()}\n{' '.join(SHEET.words)}",
        f"== RECOVERY WORDS\n{' '.join(SHEET.words)}\n== RECOVERY SLOT\n{SLOT.to_payload()}",
    ],
    ids=["crlf", "bom", "capitals", "typed", "headings", "no-end", "qr", "qr-first", "qr-section"],
)
def test_a_sheet_may_be_typed_in_other_ways(written: str) -> None:
    parsed = parse_sheets([written])
    assert (parsed.mnemonics, parsed.slot) == ((SHEET.words,), SLOT)
    assert (parsed.fingerprint, parsed.database_id) == (SHEET.fingerprint, SHEET.database_id)
    assert parse_sheets(written) == parsed


def test_words_alone_are_a_sheet_without_a_slot() -> None:
    parsed = parse_sheets([" ".join(SHEET.words)])
    assert parsed.mnemonics == (SHEET.words,)
    assert parsed.slot is parsed.fingerprint is parsed.database_id is None


def test_a_heading_without_a_slot_still_tells_the_database() -> None:
    text = TEXT[: TEXT.index("== RECOVERY SLOT")]
    parsed = parse_sheets([text])
    assert parsed.slot is None
    assert (parsed.fingerprint, parsed.database_id) == (SHEET.fingerprint, SHEET.database_id)


SLOT_START = TEXT.index(LINES[0])
SLOT_END = TEXT.index(LINES[-1]) + len(LINES[-1])
WORDS_START = TEXT.index(" 1. ")
WORDS_END = TEXT.index("== RECOVERY SLOT")


def read(text: str) -> ParsedKit | InvalidRecoveryPhrase:
    try:
        return parse_sheets([text])
    except InvalidRecoveryPhrase as error:
        return error


@settings(max_examples=300, deadline=None)
@given(st.integers(SLOT_START, SLOT_END - 1), st.characters())
def test_one_changed_character_in_the_slot_lines(at: int, character: str) -> None:
    number = TEXT.count("\n", SLOT_START, at) + 1
    answer = read(TEXT[:at] + character + TEXT[at + 1 :])
    if isinstance(answer, ParsedKit):
        assert (answer.mnemonics, answer.slot) == ((SHEET.words,), SLOT)
    else:
        # A line break that is lost makes one line of two, and then the number of lines is wrong.
        assert answer.where == f"slot line {number}" or TEXT[at] == "\n"


@settings(max_examples=300, deadline=None)
@given(st.integers(WORDS_START, WORDS_END - 1), st.characters())
def test_one_changed_character_in_the_words(at: int, character: str) -> None:
    answer = read(TEXT[:at] + character + TEXT[at + 1 :])
    if isinstance(answer, ParsedKit):
        assert (answer.mnemonics, answer.slot) == ((SHEET.words,), SLOT)
    else:
        assert answer.where.startswith("word ")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 32), st.sampled_from(WORDLIST))
def test_one_changed_word_is_refused_at_its_place(at: int, word: str) -> None:
    printed = f"{at + 1:2d}. {SHEET.words[at]}"
    if word == SHEET.words[at]:
        return
    with pytest.raises(InvalidRecoveryPhrase) as caught:
        parse_sheets([TEXT.replace(printed, f"{at + 1:2d}. {word}")])
    assert caught.value.where == f"word {at + 1}"


@pytest.mark.parametrize(
    "change",
    [
        (SHEET.database_id, "00" * 16),
        (SHEET.database_id, SHEET.database_id[:-1]),
        (SHEET.fingerprint, "0000-0000-0000-0000-0000"),
        (SHEET.fingerprint, ""),
        ("== RECOVERY SLOT", "== RECOVERY SL0T"),
        ("== RECOVERY SLOT", "== RECOVERY SLUT"),
        ("== RECOVERY SLOT", "RECOVERY SLOT"),
        ("== RECOVERY SLOT", "== RECOVERY WORDS"),
        ("== RECOVERY WORDS", "== RECOVERY WARDS"),
        ("== RECOVERY WORDS", "== END"),
        (LINES[3] + "\n", ""),
    ],
    ids=str,
)
def test_a_sheet_at_odds_with_itself_is_refused(change: tuple[str, str]) -> None:
    assert change[0] in TEXT
    with pytest.raises(InvalidRecoveryPhrase):
        parse_sheets([TEXT.replace(*change)])


def test_words_and_lines_of_different_kits_are_refused() -> None:
    words = "\n".join(FAMILY.sheets[2].words)
    for slot in (
        SLOT,
        replace(FAMILY.sheets[0].slot, share_identifier=1),
        replace(FAMILY.sheets[0].slot, shares=2),
    ):
        with pytest.raises(InvalidRecoveryPhrase):
            parse_sheets([f"{words}\n{slot.to_payload()}"])


def test_sheets_that_contradict_each_other_are_refused() -> None:
    first, second = FAMILY.sheets[0].text(), kit_for("2of3", label="other").sheets[1].text()
    with pytest.raises(InvalidRecoveryPhrase) as caught:
        parse_sheets([first, second])
    assert caught.value.where == "sheet 2"
    without_slots = [text[: text.index("== RECOVERY SLOT")] for text in (first, second)]
    with pytest.raises(InvalidRecoveryPhrase, match="fingerprint"):
        parse_sheets(without_slots)


def test_lines_printed_again_may_stand_on_one_sheet_and_not_yet_on_another() -> None:
    """`recovery lines` says that they go below the words, and says nothing of the sheet's head."""
    first, second = (sheet.text() for sheet in FAMILY.sheets[:2])
    old = FAMILY.sheets[0].slot
    new = replace(
        old, generation=4, master_public_key=fill("next", 32), ciphertext=fill("next", 48)
    )
    for before, after in zip(old.to_lines(), new.to_lines(), strict=True):
        first = first.replace(before, after)
    assert FAMILY.sheets[0].fingerprint in first
    for sheets in ([first], [first, second], [second, first]):
        parsed = parse_sheets(sheets)
        assert parsed.slot == new
        assert parsed.fingerprint == MasterPublicKey(new.master_public_key).fingerprint


@pytest.mark.parametrize(
    "change",
    [
        {"generation": 4, "authority_public_key": fill("another", 32)},
        {"generation": 4, "database_id": fill("another", 16)},
        {"ciphertext": fill("another", 48)},
    ],
    ids=" ".join,
)
def test_sheets_of_different_kits_are_told_so(change: dict) -> None:
    words = ["\n".join(sheet.words) for sheet in FAMILY.sheets[:2]]
    slots = FAMILY.sheets[0].slot, replace(FAMILY.sheets[0].slot, **change)
    texts = [f"{text}\n{slot.to_payload()}" for text, slot in zip(words, slots, strict=True)]
    with pytest.raises(InvalidRecoveryPhrase, match="Sheet 2: this sheet is of another kit"):
        parse_sheets(texts)


def test_a_fault_names_its_sheet() -> None:
    texts = [sheet.text() for sheet in FAMILY.sheets]
    damaged = texts[1].replace(FAMILY.sheets[0].slot.to_lines()[4], "5 ABC")
    with pytest.raises(InvalidRecoveryPhrase) as caught:
        parse_sheets([texts[0], damaged])
    assert caught.value.where == "sheet 2, slot line 5"
    assert str(caught.value).startswith("Sheet 2, slot line 5: ")


def test_a_newer_slot_is_told_apart() -> None:
    newer = slot_lines.encode_lines(checksummed(b"\x02" + SLOT.to_bytes()[1:-4]))
    text = f"{TEXT[: TEXT.index(LINES[0])]}{chr(10).join(newer)}\n"
    with pytest.raises(UnsupportedVersion):
        parse_sheets([text])


@pytest.mark.parametrize(
    "texts",
    [
        [],
        [""],
        [TEXT] * 17,
        ["x" * (MAXIMUM_TEXT + 1)],
        ["=" * MAXIMUM_TEXT],
        ["== " * 20_000],
        [f"=={' ' * 30_000}A{' ' * 30_000}!"],
        [f"Database id{' ' * 60_000}!"],
        ["1 " * 30_000],
        [SLOT.to_payload()],
    ],
    ids=[
        "none",
        "empty",
        "many",
        "long",
        "rules",
        "headings",
        "spaces-in-a-heading",
        "spaces-in-a-label",
        "numbers",
        "no-words",
    ],
)
def test_what_is_no_kit_is_refused(texts: list[str]) -> None:
    with pytest.raises(InvalidRecoveryPhrase):
        parse_sheets(texts)


PIECES = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [*TEXT.splitlines(), *WORDLIST[:8], SLOT.to_payload(), "== END", "\n", "DFWR9:"]
    ),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(PIECES, max_size=30), max_size=3), st.sampled_from(["\n", " ", ""]))
def test_hostile_text_is_only_ever_refused(sheets: list[list[str]], glue: str) -> None:
    with pytest.raises(REFUSED):
        parse_sheets([glue.join(pieces) for pieces in sheets])


# The QR code ---------------------------------------------------------------------------------


def screen(lines: list[str], size: tuple[int, int]) -> pyte.Screen:
    shown = pyte.Screen(*size)
    pyte.Stream(shown).feed("\r\n".join(lines))
    return shown


BLACK, WHITE = "000000", "ffffff"


def test_half_blocks_show_every_module_dark_on_light() -> None:
    qr = SHEET.qr()
    columns_rows = qr.size(Drawing.HALF_BLOCKS)
    assert columns_rows == (69, 35)
    shown = screen(SHEET.qr_terminal(), columns_rows)
    for y, row in enumerate(SHEET.qr_matrix()):
        for x, dark in enumerate(row):
            cell = shown.buffer[y // 2][x]
            assert (cell.fg, cell.bg) == (BLACK, WHITE)
            assert (cell.data in ("█", "▀▄"[y % 2])) == dark


def test_spaces_show_every_module_by_background_alone() -> None:
    qr = SHEET.qr()
    columns_rows = qr.size(Drawing.SPACES)
    assert columns_rows == (138, 69)
    lines = SHEET.qr_terminal(ascii_only=True)
    assert "".join(lines).isascii()
    shown = screen(lines, columns_rows)
    for y, row in enumerate(qr.modules):
        for x, dark in enumerate(row):
            for cell in (shown.buffer[y][2 * x], shown.buffer[y][2 * x + 1]):
                assert (cell.data, cell.bg) == (" ", BLACK if dark else WHITE)


def test_colours_end_with_every_line() -> None:
    for line in SHEET.qr_terminal() + SHEET.qr_terminal(ascii_only=True):
        assert line.startswith("\x1b[")
        assert line.endswith("\x1b[0m")


def test_the_quiet_zone_is_four_modules_and_the_version_eleven() -> None:
    modules = SlotQr.of(SLOT).modules
    assert {len(row) for row in modules} == {len(modules)} == {61 + 8}
    edge = [
        *modules[:4],
        *modules[-4:],
        *(row[:4] for row in modules),
        *(row[-4:] for row in modules),
    ]
    assert not any(any(row) for row in edge)
    finder = [row[4:11] for row in modules[4:11]]
    assert finder[0] == finder[-1] == (True,) * 7


def test_the_code_holds_no_words() -> None:
    payload = SLOT.to_payload()
    assert len(payload) == 325
    assert set(payload) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    assert replace(SHEET, holder="someone else").qr_matrix() == SHEET.qr_matrix()
    assert kit_for("1of1", name="other.db").sheets[0].qr_matrix() == SHEET.qr_matrix()
