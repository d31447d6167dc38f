"""Journeys through the wizard by keys alone, over an engine without a process."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode

from tests.tui_fakes import DATABASES, FINGERPRINT, RANDOMART, WORDS, FakeEngine
from tests.tui_journey import PHRASE, Journey, journey_to, skip_what_is_open
from wizard.tui.answers.kit import Plan
from wizard.tui.app import drop_textual_variables
from wizard.tui.engine_client import EngineError
from wizard.tui.screens.opening_lines import LINES

NODE = str(DATABASES[0]["path"])


def run(story: Callable[[Journey], Coroutine[Any, Any, None]], **options: Any) -> Journey:
    engine = options.pop("engine", None) or FakeEngine()

    async def tell() -> Journey:
        async with Journey(engine, **options) as journey:
            await story(journey)
        return journey

    return asyncio.run(tell())


# Whole journeys ------------------------------------------------------------------------------


def test_an_existing_database_from_the_list_to_the_last_page() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "kit")
        assert "not shown yet" in journey.text()
        await journey.press("enter")
        await journey.at("WordsScreen")
        assert "33  aluminum" in journey.text()
        await journey.press("enter")
        await journey.at("KitScreen")
        assert "aluminum" not in journey.text()
        await journey.press("enter")
        await journey.at("ProofScreen")
        for word in await journey.engine.right_words():
            await journey.type(word[:4])
            await journey.press("enter")
        await journey.at("PlaceScreen")
        assert not journey.engine.asked("commit")
        await journey.press("enter")
        await journey.at("CopiesScreen")
        await journey.press("enter", "enter")
        assert "Copied, read back, and its signature verified." in journey.text()
        await journey.press("enter")
        await journey.at("FingerprintScreen")
        assert FINGERPRINT in journey.text()
        await journey.click("#next")
        await journey.at("CopiesScreen")
        await journey.press("enter", "right", "enter")
        assert "Deleted." in journey.text()
        await journey.press("enter")
        await journey.at("DoneScreen")
        for view, lines in LINES.items():
            await journey.press("right")
            for line in lines(NODE):
                assert line.strip() in " ".join(journey.text().split()), view
        await journey.press("enter")

    journey = run(story)
    assert journey.app.return_code == 0
    assert journey.engine.closed
    assert journey.engine.accepted == PHRASE
    (prepare,) = journey.engine.asked("prepare")
    assert prepare == {
        "path": NODE,
        "params": {"memory_kib": 262_144, "passes": 3, "lanes": 2},
        "cipher": "aegis",
        "recovery": {"threshold": 1, "shares": 1, "holders": []},
        "allow_high_cost": False,
    }
    assert journey.engine.asked("commit") == [
        {"original": "keep", "kit_proved": "done", "kit_saved": "done"}
    ]
    assert set(journey.engine._checklist().values()) == {"done"}


def test_a_new_database_at_a_typed_path() -> None:
    async def story(journey: Journey) -> None:
        await journey.press("end", "enter")
        await journey.type("/srv/datafold/fresh.db")
        await journey.press("enter")
        assert "There is no file of that name." in journey.text()
        await journey.focus("#targets")
        await journey.press("end", "up", "enter", "ctrl+u")
        await journey.type("/srv/datafold/fresh.db")
        await journey.press("enter")
        await journey.at("PassphraseScreen")
        await journey_to(journey, "review")
        assert "a new, empty database" in journey.text()
        assert "original" not in journey.text()

    journey = run(story)
    assert journey.app.session.target.path == "/srv/datafold/fresh.db"


def test_a_path_that_is_given_and_does_not_exist_is_a_new_database() -> None:
    async def story(journey: Journey) -> None:
        assert "Nothing is there yet: a new, empty, encrypted database." in journey.text()
        assert "Cannot be protected" not in journey.text()
        await journey.press("enter")
        await journey.at("PassphraseScreen")
        assert journey.app.session.makes_new

    run(story, path="/srv/datafold/fresh.db")


def test_the_proposed_new_path_must_not_exist() -> None:
    async def story(journey: Journey) -> None:
        await journey.press("end", "up", "enter", "ctrl+u")
        await journey.type(NODE)
        await journey.press("enter")
        assert journey.where == "SelectScreen"
        assert "There is a file of that name already." in journey.text()
        assert journey.app.focused.id == "path"

    run(story)


def test_two_of_three_sheets_go_to_their_holders_one_at_a_time() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "review")
        await journey.click("#plan")
        await journey.press("down", "tab")
        await journey.type("Ada, Grace")
        await journey.click("#use")
        assert journey.app.focused.id == "holders"
        assert "3 sheets need 3 names, or none; there are 2." in journey.text()
        await journey.focus("#holders")
        await journey.press("end")
        await journey.type(", Hedy")
        await journey.click("#use")
        assert "any 2 of them open the database" in " ".join(journey.text().split())
        await journey.click("#next")
        await journey.at("GenerateScreen")
        await journey.press("enter")
        await journey.at("KitScreen")
        await journey.click("#next")
        assert "Not shown or saved yet: sheet 1, 2, 3." in journey.text()
        for name in ("Ada", "Grace", "Hedy"):
            await journey.press("enter")
            await journey.at("WordsScreen")
            assert f"kept by {name}" in journey.text()
            await journey.press("escape")
            await journey.at("KitScreen")
        await journey.press("enter")
        await journey.at("ProofScreen")
        assert "Sheet 3 (Hedy), word 6" in journey.text()

    journey = run(story)
    (prepare,) = journey.engine.asked("prepare")
    assert prepare["recovery"] == {
        "threshold": 2,
        "shares": 3,
        "holders": ["Ada", "Grace", "Hedy"],
    }


# Back and forward ----------------------------------------------------------------------------


def test_back_and_forward_keep_every_answer() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "derivation")
        await journey.press("home")
        await journey.focus("#cipher")
        await journey.press("down")
        await journey.press("escape")
        await journey.at("PassphraseScreen")
        assert "already set (32 characters, very strong)" in journey.text()
        assert PHRASE not in journey.text()
        await journey.press("escape")
        await journey.at("SelectScreen")
        assert journey.app.screen.query_one("#targets").chosen == NODE
        await journey.press("enter")
        await journey.at("PassphraseScreen")
        await journey.press("enter")
        await journey.at("DerivationScreen")
        assert journey.app.screen.query_one("#choices").chosen == "interactive"
        assert journey.app.screen.query_one("#cipher").chosen == "chacha20"
        await journey.press("enter")
        await journey.at("ReviewScreen")
        await journey.press("down", "escape")
        await journey.at("DerivationScreen")
        await journey.press("enter")
        await journey.at("ReviewScreen")
        assert journey.app.screen.query_one("#original").chosen == "remove"

    journey = run(story)
    assert len(journey.engine.asked("preset")) == 5, "measured once, kept in the session"
    assert len(journey.engine.asked("passphrase.accept")) == 1


def test_nothing_is_asked_of_the_engine_that_writes_before_encrypt_now() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "review")

    journey = run(story)
    reading = {"discover", "inspect", "survey", "complete_path", "machine", "preset", "attack"}
    reading |= {"ciphers", "policy", "measure", "meter.suppose", "field.describe"}
    typing = {"field.type", "field.clear", "passphrase.accept"}
    assert {name for name, _fields in journey.engine.calls} <= reading | typing


# Step 1 --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        (2, "datafold-wizard shell /srv/datafold/ledger.db"),
        (3, "interrupted before anything was replaced"),
        (4, "It is not an SQLite database"),
    ],
)
def test_what_needs_no_setting_up_says_what_it_is_and_opens_its_page(
    steps: int, sentence: str
) -> None:
    async def story(journey: Journey) -> None:
        await journey.press(*["down"] * steps)
        assert sentence in journey.text()
        await journey.press("enter")
        await journey.at("OverviewScreen")

    run(story)


def test_a_plain_database_says_what_happens_to_it_and_how_long_it_takes() -> None:
    async def story(journey: Journey) -> None:
        assert "12 tables, last changed 2026-08-20" in journey.text()
        assert "compared, which takes about 1 s here" in journey.text()
        await journey.press("down")
        assert "takes about 32 s here" in journey.text()
        await journey.press("up")

    journey = run(story)
    assert len(journey.engine.asked("survey")) == 2, "asked once for each"


def test_an_interrupted_run_is_undone_and_then_chosen() -> None:
    async def story(journey: Journey) -> None:
        await journey.press("down", "down", "down")
        await journey.click("#undo")
        assert "Removed the unfinished copy" in journey.text()
        await journey.press("enter")
        await journey.at("PassphraseScreen")

    run(story)


def test_who_is_faster_than_the_search_for_databases_keeps_what_they_went_to() -> None:
    engine, done = FakeEngine(), asyncio.Event()
    search = engine._discover

    async def slow_search(progress: Any) -> dict[str, Any]:
        await done.wait()
        return await search(progress)

    engine._discover = slow_search  # type: ignore[method-assign]

    async def story(journey: Journey) -> None:
        await journey.press("enter")
        done.set()
        await journey.settle()
        assert NODE in journey.text()
        assert "The path must not exist yet." in journey.text()
        assert journey.app.focused.id == "path"

    run(story, engine=engine)


def test_a_path_that_did_not_arrive_whole_is_not_taken() -> None:
    async def story(journey: Journey) -> None:
        await journey.press("end", "enter")
        await journey.type("/srv/\ufffd.db")
        await journey.press("enter")
        assert "did not arrive whole" in journey.text()
        await journey.at("SelectScreen")

    run(story)


def test_tab_completes_a_path() -> None:
    async def story(journey: Journey) -> None:
        await journey.press("end", "enter")
        await journey.type("/srv/datafold/no")
        assert "node.db  notes.db" in journey.text()
        await journey.press("tab", "enter")
        await journey.at("PassphraseScreen")

    journey = run(story)
    assert journey.app.session.target.path == NODE


# Step 2 --------------------------------------------------------------------------------------


def test_a_mismatch_clears_the_second_field_only() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "passphrase")
        await journey.type(PHRASE)
        await journey.press("enter")
        await journey.type(PHRASE[:-1] + "z")
        assert "not yet the same" in journey.text()
        await journey.press("enter")
        assert "The two entries are not the same." in journey.text()
        assert journey.engine.fields == {
            "first": PHRASE,
            "second": "",
            "recall": "",
            "generated": "",
            "current": "",
        }
        assert journey.app.focused.id == "secret-second"

    run(story)


def test_a_weak_passphrase_says_why_and_keeps_the_focus_there() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "passphrase")
        await journey.type("password12")
        assert "fair" in journey.text()
        await journey.rest()
        assert "It is close to a password that many use." in journey.text()
        await journey.press("enter")
        await journey.type("password12")
        await journey.press("enter")
        assert "too easy to guess" in journey.text()
        assert journey.app.focused.id == "secret-first"

    run(story)


def test_several_pasted_lines_are_refused_and_one_is_taken() -> None:
    from textual import events

    async def story(journey: Journey) -> None:
        await journey_to(journey, "passphrase")
        journey.app.screen.post_message(events.Paste("one line\nanother"))
        await journey.settle()
        assert "More than one line was pasted; nothing of it was taken." in journey.text()
        assert journey.engine.fields["first"] == ""
        journey.app.screen.post_message(events.Paste("one line\n"))
        await journey.settle()
        assert journey.engine.fields["first"] == "one line"

    run(story)


def test_shown_text_hides_when_the_field_is_left() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "passphrase")
        await journey.type("quiet lantern")
        assert "quiet" not in journey.text()
        await journey.press("f2")
        assert "quiet lantern" in journey.text()
        await journey.type("s")
        assert "quiet lanterns" in journey.text()
        await journey.press("tab")
        assert "quiet" not in journey.text()

    run(story)


def test_shown_text_hides_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wizard.tui.widgets.secret_field.SHOWN_SECONDS", 1.5)

    async def story(journey: Journey) -> None:
        await journey_to(journey, "passphrase")
        await journey.type("quiet")
        await journey.press("f2")
        field = journey.app.focused
        assert field.shown
        for _try in range(300):
            if not field.shown:
                break
            await asyncio.sleep(0.05)
        await journey.settle()
        assert not field.shown
        assert "quiet" not in journey.text()

    run(story)


def test_copy_keys_send_nothing_to_the_clipboard() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "passphrase")
        await journey.type("quiet")
        for key in ("ctrl+a", "ctrl+x", "ctrl+v"):
            await journey.press(key)
        assert journey.app.clipboard == ""
        assert journey.engine.fields["first"] == "quiet"

    run(story)


# Step 4 --------------------------------------------------------------------------------------


def test_a_cancelled_run_has_a_name_says_what_is_on_disk_and_goes_on() -> None:
    async def story(journey: Journey) -> None:
        journey.engine.hold_at = "encrypt"
        await journey_to(journey, "review")
        await journey.click("#next")
        await journey.at("GenerateScreen")
        await journey.press("escape")
        assert journey.app.focused.id == "no"
        await journey.press("enter")
        assert journey.where == "GenerateScreen"
        await journey.press("escape", "right", "enter")
        await journey.at("StoppedScreen")
        assert "Cancelled" in journey.text()
        assert "node.db is as it was before, not encrypted." in " ".join(journey.text().split())
        assert journey.app.session.footprint.name == "NOTHING"
        assert journey.app.focused.id == "back"
        journey.engine.hold_at = None
        await journey.click("#next")
        await journey.at("GenerateScreen")
        assert journey.app.focused.id == "next"

    journey = run(story)
    assert len(journey.engine.asked("prepare")) == 2


def test_a_failure_is_a_sentence_with_the_way_on() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "review")
        journey.engine.fail["prepare"] = EngineError(
            "Busy", "node.db is in use by python (pid 4711).", hint="Stop that program."
        )
        await journey.click("#next")
        await journey.at("StoppedScreen")
        assert "It did not work" in journey.text()
        assert "in use by python (pid 4711). Stop that program." in " ".join(journey.text().split())
        await journey.press("enter")
        await journey.at("ReviewScreen")

    journey = run(story)
    assert journey.app.session.footprint.name == "NOTHING"


# Step 5 --------------------------------------------------------------------------------------


def test_words_have_to_be_seen_or_saved_before_they_are_asked_for() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "kit")
        await journey.click("#next")
        assert "Show the words first, or save the sheet." in journey.text()
        await journey.click("#save")
        await journey.press("end", *["backspace"] * 12)
        await journey.type("exists.txt")
        await journey.press("enter")
        assert "exists and is not overwritten" in journey.text()
        await journey.press("ctrl+u")
        await journey.type("/srv/datafold/kit.txt")
        assert "the database's own directory" in journey.text()
        await journey.press("enter")
        assert "press Save again" in journey.text()
        await journey.press("enter")
        assert "saved to /srv/datafold/kit.txt" in journey.text()
        await journey.click("#next")
        await journey.at("ProofScreen")

    run(story)


def test_a_wrong_word_is_located_and_may_be_looked_up() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "proof")
        right = await journey.engine.right_words()
        for word in (right[0], "zero", right[2]):
            await journey.type(word)
            await journey.press("enter")
        rows = journey.text().splitlines()
        assert next(row for row in rows if "not this word" in row).startswith("  Word 17")
        assert journey.app.focused.id == "word-1"
        await journey.press("escape")
        await journey.at("KitScreen")

    journey = run(story)
    assert not journey.app.session.proved


def test_going_back_from_the_kit_undoes_the_copy() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "kit")
        await journey.press("escape")
        assert "Undo the encrypted copy?" in journey.text()
        await journey.press("right", "enter")
        await journey.at("StoppedScreen")
        assert "Undone" in journey.text()
        await journey.press("enter")
        await journey.at("ReviewScreen")

    journey = run(story)
    assert journey.engine.asked("abort")


def test_removing_the_original_later_asks_first() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "copies")
        await journey.press("end", "enter")
        assert "no program can promise otherwise" in " ".join(journey.text().split())
        await journey.press("enter")
        assert not journey.engine.asked("remove_plaintext")
        await journey.press("enter", "right", "enter")
        assert "Deleted." in journey.text()

    journey = run(story)
    assert journey.engine.asked("remove_plaintext")


def test_other_plaintext_is_named_and_looked_for_again() -> None:
    async def story(journey: Journey) -> None:
        journey.engine.plaintext = ["/srv/datafold/node.dump"]
        await journey_to(journey, "copies")
        await journey.press("end", "enter", "right", "enter", "end")
        assert "/srv/datafold/node.dump" in journey.text()
        assert "not the wizard's to delete" in journey.text()
        await journey.press("enter")
        assert "Still there: 1 unencrypted file." in journey.text()
        journey.engine.plaintext = []
        await journey.press("end", "enter")
        assert "Gone." in journey.text()
        assert journey.engine._checklist()["plaintext_handled"] == "done"

    run(story)


def test_finishing_with_open_items_takes_the_name_and_leaves_them_open() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "copies")
        await journey.click("#next")
        assert "Each stays open in `datafold-wizard status`" in " ".join(journey.text().split())
        await journey.type("ledger.db")
        await journey.press("enter")
        assert "That is not the name of the database." in journey.text()
        await journey.press("escape")
        assert journey.where == "CopiesScreen"
        assert not journey.engine.asked("checklist")
        await skip_what_is_open(journey)
        await journey.at("DoneScreen")
        assert "Still open" in journey.text()

    journey = run(story)
    asked = journey.engine.asked("checklist")
    assert [fields["item"] for fields in asked] == [
        "sidecar_copied",
        "fingerprint_noted",
        "plaintext_handled",
    ]
    assert {fields["state"] for fields in asked} == {"skipped"}


@pytest.mark.parametrize("step", ["kit", "proof"])
def test_skipping_the_proof_takes_the_name_and_the_kit_still_opens_the_copy(step: str) -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, step)
        await journey.click("#skip")
        await journey.press("enter")
        assert "That is not the name of the database." in journey.text()
        assert not journey.engine.asked("kit.rehearse")
        await journey.type("node.db")
        await journey.press("enter")
        await journey.at("PlaceScreen")
        await journey.press("enter")
        await journey.at("CopiesScreen")
        assert "skipped" in journey.text()

    journey = run(story)
    assert journey.engine.asked("kit.rehearse")
    assert journey.engine.items["kit_proved"] == "skipped"
    assert journey.engine.items["kit_saved"] == ("skipped" if step == "kit" else "done")


def test_a_sheet_encrypted_to_a_public_key_names_its_reader() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "kit")
        await journey.click("#save")
        await journey.focus("#form")
        await journey.press("right", "down")
        assert journey.app.screen.query_one("#save-path").value.endswith("-recovery-kit.age")
        await journey.press("enter")
        assert journey.app.focused.id == "readers"
        await journey.type("me")
        await journey.press("enter")
        assert "neither a file nor a public key" in journey.text()
        await journey.press("ctrl+u")
        await journey.type("age1qqq")
        await journey.press("enter")
        await journey.at("KitScreen")
        assert "encrypted to ada@work" in journey.text()
        assert "it was not tried here" in " ".join(journey.text().split())

    journey = run(story)
    (save,) = journey.engine.asked("kit.save")[1:]
    assert save["recipients"] == "age1qqq"


def test_the_fingerprint_goes_to_the_clipboard_only_when_asked() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "copies")
        await journey.press("down", "enter")
        await journey.at("FingerprintScreen")
        for line in RANDOMART:
            assert line in journey.text()
        for word in WORDS[:10]:
            assert word in journey.text()
        assert journey.app.clipboard == ""
        await journey.click("#copy")
        assert journey.app.clipboard == FINGERPRINT
        assert "it may not arrive" in journey.text()

    run(story)


def test_the_next_sheet_waits_for_its_holder() -> None:
    async def story(journey: Journey) -> None:
        journey.app.session.plan = Plan(2, 3, ("Ada", "Grace", "Hedy"))
        await journey_to(journey, "kit")
        await journey.press("enter")
        await journey.at("WordsScreen")
        assert "aluminum" in journey.text()
        await journey.click("#following")
        assert "Sheet 2 of 3 is for Grace" in journey.text()
        assert "aluminum" not in journey.text()
        assert journey.app.session.sheets_seen == {1}
        await journey.press("enter")
        assert "kept by Grace" in journey.text()
        assert "aluminum" in journey.text()
        assert journey.app.session.sheets_seen == {1, 2}

    run(story)


def test_letters_that_begin_no_word_are_told_at_once() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "proof")
        await journey.type("ac")
        assert "academic  acid  acne  …" in journey.text()
        await journey.type("q")
        assert "acquire" in journey.text()
        await journey.type("x")
        assert "no word begins so" in journey.text()
        await journey.click("#next")
        assert "No word of any kit begins so." in journey.text()

    run(story)


def test_the_button_that_deletes_has_not_the_focus() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "review")
        await journey.press("down")
        await journey_to(journey, "place")
        assert "is deleted then" in journey.text()
        assert journey.app.focused.id == "back"

    run(story)


# Leaving -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "sentence", "code"),
    [
        ("select", "Nothing has been written.", 130),
        ("review", "Nothing has been written.", 130),
        ("undone", "Nothing is left but the attempt in the audit log.", 130),
        ("kit", "The database has not been changed.", 130),
        ("copies", "is encrypted and stays so.", 0),
    ],
)
def test_ctrl_c_asks_and_says_what_is_on_disk(step: str, sentence: str, code: int) -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "kit" if step == "undone" else step)
        if step == "undone":
            await journey.press("escape", "right", "enter")
            await journey.at("StoppedScreen")
        await journey.press("ctrl+c")
        assert sentence in " ".join(journey.text().split())
        assert journey.app.focused.id == "no"
        await journey.press("enter", "ctrl+q")
        assert journey.app.is_running
        await journey.press("ctrl+c", "ctrl+c", "right", "enter")

    journey = run(story)
    assert journey.app.return_code == code
    assert journey.engine.closed


def test_a_saved_kit_is_named_when_leaving() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "kit")
        await journey.click("#save")
        await journey.press("enter", "ctrl+c")
        assert "The kit you saved will open nothing" in " ".join(journey.text().split())

    run(story)


def test_an_engine_that_dies_costs_the_passphrase_and_nothing_else() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "review")
        journey.engine.on_event({"event": "died", "message": ""})
        await journey.at("PassphraseScreen")
        assert "The engine process ended." in journey.text()
        assert "already set" not in journey.text()
        assert journey.app.session.chosen == "balanced"

    run(story)


@pytest.mark.parametrize("step", ["generate", "kit", "proof", "place"])
def test_an_engine_that_dies_over_the_copy_is_a_cut_off_with_the_way_on(step: str) -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, step)
        journey.engine.on_event({"event": "died", "message": ""})
        await journey.at("StoppedScreen")
        assert "Cut off" in journey.text()
        assert "is as it was before, not encrypted." in " ".join(journey.text().split())
        assert journey.app.session.footprint.name == "NOTHING"
        await journey.press("enter")
        await journey.at("PassphraseScreen")
        await journey_to(journey, "kit")

    run(story)


def test_an_engine_that_dies_after_the_exchange_is_no_loss() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "place")
        journey.engine.protect(NODE)
        journey.engine.fail["commit"] = EngineError("EngineDied", "It ended.")
        await journey.press("enter")
        await journey.at("CopiesScreen")
        assert "is encrypted and in place" in " ".join(journey.text().split())
        assert "It was started again." in journey.text()

    journey = run(story)
    assert journey.app.session.committed.fingerprint == FINGERPRINT


def test_help_explains_every_step() -> None:
    async def story(journey: Journey) -> None:
        for step in ("select", "passphrase", "derivation", "review", "kit", "copies", "done"):
            await journey_to(journey, step)
            await journey.press("f1")
            for question in ("What is this?", "What should I choose?", "What happens next?"):
                assert question in journey.text()
            await journey.press("escape")

    run(story)


# Sizes ---------------------------------------------------------------------------------------


def test_a_window_made_too_small_says_so_and_forgets_nothing() -> None:
    async def story(journey: Journey) -> None:
        await journey_to(journey, "passphrase")
        await journey.type("quiet")
        await journey.resize(30, 8)
        await journey.settle()
        assert "Too small for the wizard" in journey.text()
        await journey.resize(80, 24)
        await journey.settle()
        assert "•••••" in journey.text()
        assert journey.app.focused.id == "secret-first"

    run(story)


# Environment ---------------------------------------------------------------------------------


def test_variables_that_could_log_keys_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TEXTUAL", "TEXTUAL_LOG", "TEXTUAL_DEBUG", "TEXTUAL_DRIVER", "TEXTUAL_PRESS"):
        monkeypatch.setenv(name, "keys.log")
    monkeypatch.setenv("TEXTUAL_DISABLE_KITTY_KEY", "1")
    drop_textual_variables()
    left = {name for name in os.environ if name.startswith("TEXTUAL")}
    assert left == {"TEXTUAL_DISABLE_KITTY_KEY"}


def test_the_styles_of_the_first_page_are_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pass over its parts would delay the first frame by a tenth."""
    applied: Counter[str] = Counter()
    apply = Stylesheet.apply

    def counted(self: Stylesheet, node: DOMNode, **options: Any) -> None:
        applied[node.id or ""] += 1
        apply(self, node, **options)

    monkeypatch.setattr(Stylesheet, "apply", counted)

    async def story() -> None:
        async with Journey(FakeEngine()) as journey:
            await journey.at("SelectScreen")

    asyncio.run(story())
    parts = ("columns", "page", "body", "databases", "path-row", "detail", "suggestion", "hints")
    assert {part: applied[part] for part in parts} == dict.fromkeys(parts, 1)


@pytest.mark.parametrize("new", [False, True])
def test_the_audit_log_is_among_what_is_written_and_what_is_left(new: bool) -> None:
    async def story(journey: Journey) -> None:
        if new:
            await journey.press("end", "up", "enter", "ctrl+u")
            await journey.type("/srv/datafold/fresh.db")
            await journey.press("enter")
            await journey.at("PassphraseScreen")
        await journey_to(journey, "review")
        name = Path(journey.app.session.target.path).name
        assert f"{name}.audit.jsonl: a log of what its keys are used for." in journey.text()
        await journey_to(journey, "kit")
        await journey.press("ctrl+c")
        said = " ".join(journey.text().split())
        assert "Nothing is left but the attempt in the audit log." in said
        assert "no other file" not in said

    run(story)
