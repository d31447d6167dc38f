"""What is said about a new passphrase, how one is drawn, and the four words that stand for it."""

from __future__ import annotations

import ast
import hashlib
import math
from collections import Counter
from pathlib import Path

import pytest
from zxcvbn import feedback

from wizard import engine
from wizard.engine import PassphraseWarning, Secret, advice
from wizard.engine.generator import long_list
from wizard.engine.wordprint import _short_list


def secret(text: str) -> Secret:
    return Secret.copy_of(text.encode())


# Warnings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", []),
        ("correct horse", []),
        ("QUIET LANTERN", ["capitals"]),
        ("QUIET 17 #", ["capitals", "signs"]),
        ("Quiet", []),
        ("A 1234", []),
        ("ÄÖ", ["capitals", "beyond_ascii"]),
        (" quiet", ["leading_blank"]),
        ("quiet ", ["trailing_blank"]),
        (" ", ["leading_blank", "trailing_blank"]),
        ("quiet\u00a0", ["trailing_blank", "normalised", "beyond_ascii"]),
        ("quiet\u00a0lantern", ["normalised", "beyond_ascii"]),
        ("u\u0308ber", ["normalised", "beyond_ascii"]),
        ("über", ["beyond_ascii"]),
        ("\ufb01sh", ["compatibility", "beyond_ascii"]),
        ("\uff21bc", ["compatibility", "beyond_ascii"]),
        ("north-west", ["signs"]),
        ("lazy", ["swapped_letters"]),
        ("dam\ufffdged", ["replacement"]),
    ],
)
def test_what_could_go_wrong_is_told_by_code(text: str, codes: list[str]) -> None:
    with secret(text) as typed:
        assert list(engine.passphrase_warnings(typed)) == codes


def test_every_warning_has_a_sentence_for_one_line() -> None:
    for warning in PassphraseWarning:
        assert warning.sentence.endswith((".", "?"))
        assert len(warning.sentence) <= 62, "it stands under its field in 80 columns"


def test_a_warning_refuses_nothing_and_bad_bytes_are_warned_about() -> None:
    with Secret.copy_of(b"dam\xffged") as typed:
        assert engine.passphrase_warnings(typed) == (PassphraseWarning.REPLACEMENT,)
    with engine.new_passphrase_from(" QUIET Y-\u00fc ") as kept:
        assert len(kept)


def test_all_that_zxcvbn_says_has_plain_words_for_one_line() -> None:
    """Its own source is read, so that a new version with new sentences is noticed."""
    tree = ast.parse(Path(feedback.__file__).read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    said = [
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "_"
    ]
    assert len(said) > 20
    for sentence in said:
        assert advice.plain(sentence) != sentence
        assert len(advice.plain(sentence)) <= 62
    assert advice.plain("Something new.") == "Something new."
    with secret("password1") as typed:
        assert engine.strength(typed).warning == "Many people use this password; it is tried early."


# The generator -------------------------------------------------------------------------------


def test_the_list_is_the_long_one_of_the_eff() -> None:
    """The digest of its 7,776 words, one a line, as EFF published them in 2016."""
    assert len(long_list()) == 7776
    digest = hashlib.sha256(b"\n".join(long_list())).hexdigest()
    assert digest == "abae49761b88f3f1ba31ef944bea1f61b795a3cd7e1cfb7d276ed45bf77967ba"


@pytest.mark.parametrize(("words", "bits"), [(6, 77.5), (7, 90.5), (12, 155.1)])
def test_words_are_drawn_and_their_entropy_is_that_of_the_list(words: int, bits: float) -> None:
    drawn = engine.generate_passphrase(words)
    with drawn.secret, drawn.secret.expose() as view:
        parts = bytes(view).split(b" ")
    assert len(parts) == drawn.words == words
    assert set(parts) <= set(long_list())
    assert drawn.bits == pytest.approx(bits, abs=0.05)
    assert 10**drawn.guesses_log10 == pytest.approx(7776**words / 2)


def test_every_word_has_its_chance_and_no_two_draws_are_alike() -> None:
    seen: Counter[bytes] = Counter()
    for _ in range(1000):
        with engine.generate_passphrase().secret as drawn, drawn.expose() as view:
            seen.update(bytes(view).split())
    assert sum(seen.values()) == 6000
    # 6,000 draws of 7,776 leave 4,180 words expected; the standard deviation is 34.
    assert 4000 < len(seen) < 4360
    assert max(seen.values()) < 12


@pytest.mark.parametrize("words", [-1, 0, 5, 13])
def test_fewer_than_six_words_are_refused(words: int) -> None:
    with pytest.raises(engine.InvalidInput, match="6 to 12 words"):
        engine.generate_passphrase(words)


def test_what_is_drawn_passes_as_a_new_passphrase_without_change() -> None:
    with engine.generate_passphrase().secret as drawn:
        with engine.new_passphrase_from(drawn) as normal:
            assert normal.equals(drawn)
        assert engine.strength(drawn).score == 4


# Four words ----------------------------------------------------------------------------------


def test_the_same_text_has_the_same_words_and_another_text_others() -> None:
    print_ = engine.Wordprint()
    with secret("quiet lazy") as typed, secret("quiet layz") as other:
        words = print_.of(typed)
        assert words == print_.of(typed)
        assert len(words) == engine.WORDPRINT_WORDS == 4
        assert words != print_.of(other)
    assert max(map(len, _short_list())) <= 5
    assert len(set(_short_list())) == 6**4


def test_the_words_are_those_of_the_normal_form() -> None:
    print_ = engine.Wordprint()
    with secret("u\u0308ber\u00a0x") as typed, secret("\u00fcber x") as normal:
        assert print_.of(typed) == print_.of(normal)


def test_nothing_but_the_session_s_key_makes_the_words() -> None:
    """Another session has other words, and a session that ended makes none."""
    with secret("quiet lantern") as typed:
        first, second = engine.Wordprint(), engine.Wordprint()
        assert first.of(typed) != second.of(typed)
        first.close()
        with pytest.raises(ValueError, match="wiped"):
            first.of(typed)


def test_all_words_of_the_short_list_occur() -> None:
    print_, seen = engine.Wordprint(), Counter()
    for number in range(2000):
        with secret(f"text {number}") as typed:
            seen.update(print_.of(typed))
    assert len(seen) > 1285
    assert max(seen.values()) < 8000 / 1296 + 6 * math.sqrt(8000 / 1296)
