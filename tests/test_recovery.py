"""Recovery words: the official SLIP-39 vectors, every fault refused, and located where promised."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shamir_mnemonic import EncryptedMasterSecret, combine_mnemonics, generate_mnemonics, split_ems
from shamir_mnemonic.rs1024 import create_checksum, verify_checksum
from shamir_mnemonic.wordlist import WORD_INDEX_MAP, WORDLIST

from wizard.engine import word_faults
from wizard.engine.errors import InvalidInput, InvalidRecoveryPhrase
from wizard.engine.mnemonic import MAXIMUM_TEXT, read_words
from wizard.engine.recovery import (
    RecoveryPlan,
    ShareParameters,
    combine,
    complete_word,
    is_word,
    share_parameters,
    split,
)
from wizard.engine.secret import Secret

VECTORS = json.loads((Path(__file__).parent / "vectors" / "slip39.json").read_text())["vectors"]
VALID = [vector for vector in VECTORS if vector["secret"]]
INVALID = [vector for vector in VECTORS if not vector["secret"]]
OURS = "45. Extendable basic sharing 2-of-3 (256 bits)"

NUMBER = st.integers(0, 32)
WORD = st.sampled_from(WORDLIST)


def names(vectors: list[dict]) -> list[str]:
    return [vector["name"] for vector in vectors]


def bytes_of(secret: Secret) -> bytes:
    with secret, secret.expose() as view:
        return bytes(view)


def sheets(plan: str, data: bytes = bytes(range(32))) -> tuple[tuple[str, ...], ...]:
    with Secret.copy_of(data) as secret:
        return split(secret, RecoveryPlan.parse(plan))


# One sheet has no random part but its identifier, so these words are the same in every run.
SHEET = tuple(
    split_ems(1, [(1, 1)], EncryptedMasterSecret(10413, True, 0, bytes(range(32, 64))))[0][
        0
    ].words()
)
with combine([SHEET]) as _secret, _secret.expose() as _view:
    SHEET_SECRET = bytes(_view)
TWO_OF_THREE = sheets("2of3")


def test_our_sheet_is_what_the_library_says() -> None:
    assert combine_mnemonics([" ".join(SHEET)]) == SHEET_SECRET


def refusal(*given_sheets: object) -> InvalidRecoveryPhrase:
    with pytest.raises(InvalidRecoveryPhrase) as caught:
        combine(given_sheets)
    assert caught.value.__cause__ is None
    return caught.value


# The official vectors ------------------------------------------------------------------------


def test_vectors_were_loaded() -> None:
    assert (len(VALID), len(INVALID)) == (15, 30)


@pytest.mark.parametrize("vector", VALID, ids=names(VALID))
def test_the_library_opens_every_valid_vector(vector: dict) -> None:
    assert combine_mnemonics(vector["mnemonics"], b"TREZOR").hex() == vector["secret"]


@pytest.mark.parametrize("vector", INVALID, ids=names(INVALID))
def test_every_invalid_vector_is_refused(vector: dict) -> None:
    refusal(*vector["mnemonics"])


@pytest.mark.parametrize("vector", VALID, ids=names(VALID))
def test_only_our_own_kind_of_phrase_is_accepted(vector: dict) -> None:
    if vector["name"] == OURS:
        expected = combine_mnemonics(vector["mnemonics"], b"")
        assert bytes_of(combine(vector["mnemonics"])) == expected
    else:
        refusal(*vector["mnemonics"])


# Splitting and combining ---------------------------------------------------------------------


@pytest.mark.parametrize("plan", ["1of1", "2of2", "2of3", "3of5", "16of16", "2of16"])
def test_any_sufficient_sheets_give_the_secret_back(plan: str) -> None:
    data = os.urandom(32)
    dealt = list(sheets(plan, data))
    threshold = RecoveryPlan.parse(plan).threshold
    assert [share_parameters(words).index for words in dealt] == list(range(len(dealt)))
    assert {share_parameters(words).threshold for words in dealt} == {threshold}
    assert len({share_parameters(words).identifier for words in dealt}) == 1
    assert all(len(words) == 33 for words in dealt)
    random.shuffle(dealt)
    assert bytes_of(combine(dealt[:threshold])) == data
    assert bytes_of(combine(dealt)) == data


def test_the_library_reads_our_sheets() -> None:
    data = os.urandom(32)
    assert combine_mnemonics([" ".join(words) for words in sheets("2of3", data)[1:]]) == data


def test_splitting_leaves_the_secret_open_and_draws_anew() -> None:
    with Secret.random(32) as secret:
        first = split(secret, RecoveryPlan())
        again = split(secret, RecoveryPlan())
        assert not secret.closed
    assert first != again


def test_a_secret_of_another_size_is_a_mistake_of_the_caller() -> None:
    with Secret.random(31) as secret, pytest.raises(ValueError, match="32 bytes"):
        split(secret, RecoveryPlan())


@pytest.mark.parametrize(
    "written",
    [
        " ".join(SHEET).upper(),
        "\ufeff" + "\r\n".join(SHEET) + "\r\n",
        "\n".join(f"{number}. {word}" for number, word in enumerate(SHEET, 1)),
        " ".join(f"{number:02d}.{word}," for number, word in enumerate(SHEET, 1)),
        " ".join(f"({number}) {word};" for number, word in enumerate(SHEET, 1)),
        " ".join(f"{number}: {word}" for number, word in reversed([*enumerate(SHEET, 1)])),
    ],
    ids=["capitals", "lines", "numbered", "glued", "brackets", "columns"],
)
def test_spelling_that_does_not_matter(written: str) -> None:
    assert read_words(written) == SHEET
    assert bytes_of(combine([written])) == bytes_of(combine(written)) == SHEET_SECRET


def test_share_parameters() -> None:
    parameters = share_parameters(TWO_OF_THREE[1])
    assert parameters == ShareParameters(parameters.identifier, threshold=2, index=1)
    assert 0 <= parameters.identifier < 2**15


# One sheet -----------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(NUMBER, WORD)
def test_one_wrong_word_is_refused_at_its_place(position: int, word: str) -> None:
    words = list(SHEET)
    if words[position] == word:
        return
    words[position] = word
    assert refusal(words).where == f"word {position + 1}"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(NUMBER, WORD), min_size=2, max_size=3))
def test_two_or_three_wrong_words_are_always_refused(changes: list[tuple[int, str]]) -> None:
    words = list(SHEET)
    for position, word in changes:
        words[position] = word
    if tuple(words) != SHEET:
        refusal(words)


@pytest.mark.parametrize("position", range(32))
def test_neighbours_that_changed_places_are_located(position: int) -> None:
    words = [WORDLIST[0], *random.Random(7).sample(WORDLIST, 29)]
    indices = [WORD_INDEX_MAP[word] for word in words]
    indices += create_checksum(indices, b"shamir_extendable")
    indices[position : position + 2] = reversed(indices[position : position + 2])
    assert word_faults.wrong_word(indices) is None
    assert word_faults.exchanged_words(indices) == position


def test_exchanged_words_are_named_in_the_message() -> None:
    words = [*SHEET[:9], SHEET[10], SHEET[9], *SHEET[11:]]
    caught = refusal(words)
    assert caught.where == "word 10"
    assert "changed places" in str(caught)


def first_of_equals(words: tuple[str, ...], position: int) -> int:
    """Which of several equal neighbours is missing or too many cannot be told."""
    while position > 0 and words[position - 1] == words[position]:
        position -= 1
    return position


@pytest.mark.parametrize("position", range(33))
def test_a_missing_word_is_located(position: int) -> None:
    caught = refusal((*SHEET[:position], *SHEET[position + 1 :]))
    assert caught.where == f"word {first_of_equals(SHEET, position) + 1}"
    assert "there are 32" in str(caught)


@pytest.mark.parametrize("word", ["academic", SHEET[20], "zero"])
def test_a_surplus_word_is_located(word: str) -> None:
    for position in range(34):
        words = (*SHEET[:position], word, *SHEET[position:])
        caught = refusal(words)
        assert caught.where == f"word {first_of_equals(words, position) + 1}"
        assert "there are 34" in str(caught)


@pytest.mark.parametrize("count", [0, 1, 31, 35, 66])
def test_other_counts_are_refused_without_a_place(count: int) -> None:
    assert refusal((SHEET * 2)[:count] or "").where == ""


@settings(max_examples=40, deadline=None)
@given(NUMBER, st.text(min_size=1, max_size=40))
def test_a_word_that_is_none_is_refused(position: int, word: str) -> None:
    if is_word(word.strip(" .,:;")):
        return
    refusal([*SHEET[:position], word, *SHEET[position + 1 :]])


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("acad", "academic"),
        ("acadmeic", "academic"),
        ("yelo", "yelp"),
        ("zzzzzz", ""),
        ("x" * 60_000, ""),
        ("\u212aidney", "kidney"),
    ],
    ids=["prefix", "mistyped", "near", "nonsense", "endless", "kelvin-sign"],
)
def test_an_unknown_word_is_located_and_the_nearest_ones_offered(typed: str, expected: str) -> None:
    caught = refusal([*SHEET[:6], typed, *SHEET[7:]])
    assert caught.where == "word 7"
    assert expected in str(caught)
    assert ("perhaps" in str(caught)) == bool(expected)
    assert typed not in str(caught) or typed in expected


@pytest.mark.parametrize(
    ("numbers", "where"),
    [
        ([*range(1, 14), 13, *range(15, 34)], "word 13"),
        ([*range(1, 14), 15, 16, *range(17, 35)], "word 14"),
        ([*range(33)], "word 33"),
    ],
    ids=["twice", "gap", "from-zero"],
)
def test_wrong_numbers_are_refused(numbers: list[int], where: str) -> None:
    caught = refusal(" ".join(f"{n} {word}" for n, word in zip(numbers, SHEET, strict=True)))
    assert caught.where == where


def test_numbers_on_some_words_only_are_refused() -> None:
    caught = refusal(f"1. {' '.join(SHEET)}")
    assert caught.where == "word 2"


@pytest.mark.parametrize("given_text", ["", " \n", "1. 2. 3.", ".", "a" * (MAXIMUM_TEXT + 1)])
def test_no_words_or_far_too_many(given_text: str) -> None:
    refusal(given_text)


def test_a_costly_iteration_exponent_is_refused_before_it_is_spent() -> None:
    encrypted = EncryptedMasterSecret(
        identifier=1, extendable=True, iteration_exponent=15, ciphertext=bytes(32)
    )
    words = split_ems(1, [(1, 1)], encrypted)[0][0].mnemonic()
    assert "another program" in str(refusal(words))


@pytest.mark.parametrize(
    "words",
    [
        generate_mnemonics(1, [(1, 1)], bytes(32), b"", extendable=False, iteration_exponent=0)[0][
            0
        ],
        generate_mnemonics(1, [(1, 1)] * 2, bytes(32), b"", iteration_exponent=0)[1][0],
        generate_mnemonics(2, [(1, 1)] * 2, bytes(32), b"", iteration_exponent=0)[0][0],
    ],
    ids=["not-extendable", "several-groups", "group-threshold"],
)
def test_other_programs_phrases_are_refused(words: str) -> None:
    assert "another program" in str(refusal(words))


def test_messages_never_repeat_the_words_that_were_given() -> None:
    for damaged in (
        SHEET[:-1],
        (*SHEET[:-1], "zoo"),
        (*SHEET[:9], SHEET[10], SHEET[9], *SHEET[11:]),
    ):
        said = set(str(refusal(damaged)).lower().replace(",", " ").split())
        assert len(said & set(SHEET)) == 0


# Several sheets ------------------------------------------------------------------------------


def test_too_few_sheets() -> None:
    assert "2 different sheets" in str(refusal(TWO_OF_THREE[0]))


def test_a_sheet_given_twice_is_named_and_counts_once() -> None:
    caught = refusal(TWO_OF_THREE[0], TWO_OF_THREE[0])
    assert "sheets 1 and 2 are the same" in str(caught)
    assert bytes_of(combine([TWO_OF_THREE[0], *TWO_OF_THREE[:2]])) == bytes(range(32))


def test_a_sheet_of_another_kit_is_named() -> None:
    other = sheets("2of3")
    while share_parameters(other[0]).identifier == share_parameters(TWO_OF_THREE[0]).identifier:
        other = sheets("2of3")
    assert refusal(TWO_OF_THREE[0], other[1]).where == "sheet 2"


def same_identifier(data: bytes) -> list[list[str]]:
    encrypted = EncryptedMasterSecret(
        identifier=77, extendable=True, iteration_exponent=0, ciphertext=data
    )
    return [share.words() for share in split_ems(1, [(2, 3)], encrypted)[0]]


def test_sheets_of_two_kits_that_drew_the_same_identifier_are_refused() -> None:
    first, second = same_identifier(bytes(32)), same_identifier(bytes(32))
    assert "do not belong together" in str(refusal(first[0], second[1]))
    assert refusal(first[0], second[0], first[1]).where == "sheet 2"


def test_a_fault_names_its_sheet() -> None:
    damaged = ["zoo" if n == 6 else word for n, word in enumerate(TWO_OF_THREE[1])]
    assert refusal(TWO_OF_THREE[0], damaged).where == "sheet 2, word 7"


def test_no_sheets_and_too_many() -> None:
    refusal()
    assert "at most 16" in str(refusal(*[SHEET] * 17))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.one_of(st.text(max_size=300), st.lists(st.one_of(WORD, st.text()), max_size=40)))
)
def test_hostile_input_is_only_ever_refused(given_sheets: list[str | list[str]]) -> None:
    refusal(*given_sheets)


# Words and plans -----------------------------------------------------------------------------


def test_words_and_their_completion() -> None:
    assert is_word("Academic")
    assert not is_word("academics")
    assert not is_word("\u212aidney")
    assert complete_word("acad") == ("academic",)
    assert complete_word(" AC")[:3] == ("academic", "acid", "acne")
    assert complete_word("") == complete_word(" ") == complete_word("zz") == ()
    assert all(complete_word(word[:4]) == (word,) for word in WORDLIST)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 1023), min_size=4, max_size=40))
def test_our_checksum_is_the_librarys(indices: list[int]) -> None:
    assert (word_faults.residue(indices) == 0) == verify_checksum(indices, b"shamir_extendable")
    sound = [*indices, *create_checksum(indices, b"shamir_extendable")]
    assert word_faults.residue(sound) == 0


@pytest.mark.parametrize("text", ["1of1", "2of3", " 2 OF 3 ", "16of16", "02of03"])
def test_plans_that_are_possible(text: str) -> None:
    plan = RecoveryPlan.parse(text)
    assert plan.holders == tuple(f"sheet {n}" for n in range(1, plan.shares + 1))


@pytest.mark.parametrize(
    "text",
    ["", "2", "of", "0of0", "1of2", "3of2", "2of17", "-1of3", "2of3of4", "²of3", "2/3", "99of99"],
)
def test_plans_that_are_not(text: str) -> None:
    with pytest.raises(InvalidInput):
        RecoveryPlan.parse(text)


@pytest.mark.parametrize(
    "holders",
    [
        ("a",),
        ("a", "b", "c"),
        ("a", ""),
        ("a", "x" * 65),
        ("a", "b\n"),
        ("a", "\ud800"),
        ("a", " "),
    ],
)
def test_holders_that_are_not_possible(holders: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput):
        RecoveryPlan(threshold=2, shares=2, holders=holders)


def test_holders_are_kept() -> None:
    plan = RecoveryPlan.parse("2of2", holders=("Zoë, Köln", "safe 7"))
    assert plan.holders == ("Zoë, Köln", "safe 7")
