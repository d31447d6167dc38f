"""Typing the words of a sheet: each checked as it is typed, and the whole when it is complete."""

import pytest

from wizard import engine
from wizard.cli.typed_words import WordEntry
from wizard.engine.recovery import split
from wizard.engine.secret import Secret


@pytest.fixture(scope="module")
def words():
    with Secret.random(32) as secret:
        return split(secret, engine.RecoveryPlan())[0]


def typed(*keys):
    entry = WordEntry("Sheet 1")
    for key in keys:
        entry.press(key)
    return entry


def test_four_letters_and_a_space_are_a_word(words):
    keys = " ".join(word[:4] for word in words) + "\n"
    entry = typed(*keys)
    assert entry.done
    assert entry.text == " ".join(words)
    assert "Enter goes on" in entry.lines()[-1]


def test_a_whole_sheet_can_be_pasted_with_numbers_capitals_and_line_breaks(words):
    rows = "".join(f" {number:2d}. {word.upper()}\n" for number, word in enumerate(words, 1))
    assert typed(*rows).text == " ".join(words)


def test_what_begins_no_word_is_said_at_once_and_nothing_goes_on():
    entry = typed(*"acx")
    assert "no word of the list begins so" in entry.lines()[-1]
    entry.press(" ")
    assert entry.text.split() == ["acx"]
    for key in ("\x7f", "i", " "):
        entry.press(key)
    assert entry.text.split() == ["acid"]


def test_what_could_be_several_words_is_offered():
    entry = typed(*"ac")
    offered = entry.lines()[-1].split()
    assert offered[:3] == list(engine.complete_word("ac"))[:3]
    assert len(offered) <= 9
    entry.press("\t")
    assert entry.text.split() == ["ac"]


def test_the_cursor_goes_to_the_word_that_does_not_fit(words):
    wrong = list(words)
    wrong[6] = "zero" if words[6] != "zero" else "yoga"
    entry = typed(*" ".join(wrong), "\n")
    assert not entry.done
    assert "word 7" in entry.message.lower()
    assert "> 7." in "\n".join(entry.lines())
    for key in ("\x7f",) * len(wrong[6]):
        entry.press(key)
    for key in (*words[6], " "):
        entry.press(key)
    assert entry.done


def test_backspace_and_arrows_go_back(words):
    entry = typed(*"acid acne ")
    for key in ("\x7f", "\x7f"):
        entry.press(key)
    assert entry.text.split() == ["acid", "ac"]
    entry.press("\x1b[D")
    assert "> 1. acid" in "\n".join(entry.lines())
    entry.press("\x1b[C")
    assert "> 2. ac" in "\n".join(entry.lines())
    assert all(len(line) <= 78 for line in entry.lines())
    assert len(entry.lines()) <= 20


@pytest.mark.parametrize("key", ["é", "\x00", "\x1b", "\x1b[5~", "1", "."])
def test_other_keys_do_nothing(key):
    assert typed(*"aci", key).text.split() == ["aci"]
