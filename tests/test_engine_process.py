"""The two processes of the wizard: real children, real sockets, real databases."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.databases import make_plain
from tests.engine_talk import CHEAP, Talk, fresh, names
from wizard import engine
from wizard.tui.engine_client import EngineError

PASSPHRASE = "Vermilion tügboat 93 quokka"
ROWS = 20

OPEN = """
import sys, wizard
path, *sheets = sys.argv[1:]
passphrase = None if sheets else sys.stdin.read()
recovery = [open(sheet).read() for sheet in sheets] or None
with wizard.unlock(path, passphrase, recovery=recovery, readonly=True) as database:
    rows = list(database.connection.execute("SELECT count(*) FROM customers"))
    print(database.opened_with, rows[0][0])
"""


@pytest.fixture
def plain(tmp_path):
    """A database of some size in a directory of its own."""
    directory = tmp_path / "it's «here»"
    directory.mkdir()
    return make_plain(directory / "node.db", ROWS)


# The whole way -------------------------------------------------------------------------------


def test_from_discovery_to_a_database_that_opens_by_passphrase_only_and_by_kit_only(
    plain, tmp_path, monkeypatch
):
    monkeypatch.chdir(plain.parent)
    sheet_file = tmp_path / "sheet.txt"

    async def journey():
        async with Talk() as talk:
            found = await talk.request("discover")
            (mine,) = [each for each in found["databases"] if each["path"] == str(plain)]
            assert (mine["state"], mine["size"]) == ("plaintext", plain.stat().st_size)
            assert (await talk.request("machine"))["unattended_kib"] > CHEAP["memory_kib"]

            assert (await talk.choose(PASSPHRASE))["characters"] == len(PASSPHRASE)
            assert await talk.request("passphrase.state") == {
                "accepted": True,
                "characters": len(PASSPHRASE),
            }
            measured = await talk.request("measure", **CHEAP)
            assert measured["params"] == CHEAP
            assert 0 < measured["fastest"] <= measured["seconds"] <= measured["slowest"]

            stages = []
            prepared = await talk.prepare(
                plain, on_progress=lambda event: stages.append(event["stage"])
            )
            assert [*dict.fromkeys(stages)][:5] == ["check", "derive", "keys", "encrypt", "verify"]
            assert prepared["original"] is True
            assert prepared["rows"] > ROWS
            assert (prepared["sheets"], prepared["threshold"]) == (1, 1)
            assert plain.read_bytes().startswith(b"SQLite format 3\0")

            sheet = await talk.request("kit.sheet", number=1)
            assert len(sheet["words"]) == 33
            assert sheet["holder"] == "safe"
            assert {len(line) for line in sheet["qr"]["lines"]} == {sheet["qr"]["width"]}
            assert len(sheet["qr"]["lines"]) == sheet["qr"]["height"]
            await talk.request("kit.save", number=1, path=str(sheet_file), beside=False)

            early = await talk.refused("commit", original="keep")
            assert early.error_class == "NotProved"

            asked = (await talk.request("kit.challenge"))["challenge"]
            words = [sheet["words"][each["position"] - 1] for each in asked]
            wrong = await talk.refused("kit.answer", words=[words[0], "academic", words[2]])
            assert wrong.error_class == "InvalidRecoveryPhrase"
            assert wrong.where == (f"sheet 1, word {asked[1]['position']}",)
            assert await talk.request("kit.answer", words=words) == {"proved": True}

            done = await talk.request("commit", original="keep")
            assert done["fingerprint"] == prepared["fingerprint"]
            assert done["sidecar"] == prepared["sidecar"]
            assert (await talk.request("passphrase.state"))["accepted"] is False
            assert (await talk.request("inspect", path=str(plain)))["state"] == "protected"
            return done

    done = asyncio.run(journey())
    assert fresh(OPEN, str(plain), given=PASSPHRASE) == f"passphrase {ROWS}\n"
    Path(done["sidecar"]).unlink()
    assert fresh(OPEN, str(plain), str(sheet_file)) == f"recovery {ROWS}\n"


def test_a_new_database_with_two_of_three_sheets(tmp_path):
    target = tmp_path / "new.db"

    async def journey():
        async with Talk() as talk:
            await talk.choose(PASSPHRASE)
            plan = {"threshold": 2, "shares": 3, "holders": ["ann", "bob", "safe"]}
            prepared = await talk.prepare(target, recovery=plan, cipher="chacha20")
            assert (prepared["original"], prepared["sheets"], prepared["threshold"]) == (
                False,
                3,
                2,
            )
            assert not target.exists()
            assert len((await talk.request("kit.challenge"))["challenge"]) == 3
            assert (await talk.request("kit.sheet", number=3))["holder"] == "safe"
            await talk.prove()
            await talk.request("commit", original="keep")
            assert (await talk.request("inspect", path=str(target)))["state"] == "protected"

    asyncio.run(journey())
    with engine.unlock(target, PASSPHRASE) as database:
        assert database.metadata.cipher == "chacha20"


def test_without_a_recovery_phrase_there_is_no_sheet_and_nothing_to_prove(plain):
    async def journey():
        async with Talk() as talk:
            await talk.choose(PASSPHRASE)
            assert (await talk.prepare(plain, recovery=None))["sheets"] == 0
            assert (await talk.refused("kit.sheet", number=1)).error_class == "NoRecovery"
            await talk.request("commit", original="remove")

    asyncio.run(journey())
    assert names(plain.parent) == {"node.db", "node.db.crypto.json"}


# What is typed -------------------------------------------------------------------------------


def test_keys_are_counted_matched_and_scored():
    async def typing():
        async with Talk() as talk:
            await talk.type("first", "añ€𝄞")
            assert [key["characters"] for key in talk.typed()] == [1, 2, 3, 4]
            assert talk.typed()[-1]["matches"] is None
            await talk.type("second", "añ")
            assert talk.typed()[-1]["matches"] is False
            await talk.type("second", "€𝄞")
            assert talk.typed()[-1]["matches"] is True
            await talk.until(lambda: any(event["strength"] for event in talk.events))
            for left in ("añ€", "añ", "a", "", ""):
                await talk.request("field.erase", field="first")
                assert (await talk.request("field.reveal", field="first"))["text"] == left
            await talk.request("field.clear", field="second")
            assert (await talk.request("field.reveal", field="second"))["text"] == ""
            assert talk.typed()[-1]["characters"] == 0

    asyncio.run(typing())


def test_only_the_newest_text_is_scored_and_none_after_it_is_cleared():
    async def typing():
        async with Talk() as talk:
            await talk.type("first", "correct horse battery staple " * 2)
            await talk.until(lambda: talk.events[-1]["strength"] is not None)
            scored = [event for event in talk.events if event["strength"]]
            assert len(scored) < len(talk.typed())
            assert scored[-1]["characters"] == 58
            assert set(scored[-1]["strength"]) == {
                "score",
                "guesses_log10",
                "warning",
                "suggestions",
                "attack",
            }
            before = len(scored)
            talk.client.send("field.type", field="first", text="x")
            talk.client.send("field.clear", field="first")
            await talk.request("passphrase.state")
            await asyncio.sleep(0.3)
            assert len([event for event in talk.events if event["strength"]]) == before

    asyncio.run(typing())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("line\nbreak", "line breaks"),
        ("\0", "Control"),
        ("\x1b", "Control"),
        ("\ufffd", "intact"),
        ("a\udcff", "intact"),
        ("x" * 1025, "at most 1,024"),
    ],
)
def test_what_no_passphrase_may_hold_is_refused_and_changes_nothing(text, said):
    async def typing():
        async with Talk() as talk:
            await talk.type("first", "a")
            await talk.request("field.type", field="first", text=text)
            await talk.until(lambda: talk.typed()[-1]["refused"])
            assert said in talk.typed()[-1]["refused"]
            assert talk.typed()[-1]["characters"] == 1
            assert (await talk.request("field.reveal", field="first"))["text"] == "a"

    asyncio.run(typing())


def test_the_longest_passphrase_fits_and_no_character_more():
    async def typing():
        async with Talk() as talk:
            await talk.request("field.type", field="first", text="𝄞" * 1024)
            await talk.request("field.type", field="first", text="a")
            assert talk.typed()[-1]["characters"] == 1024
            assert talk.typed()[-1]["refused"]

    asyncio.run(typing())


@pytest.mark.parametrize(
    ("first", "second", "error_class", "field"),
    [
        ("", "", "InvalidPassphrase", "first"),
        ("quite different 7 words", "", "InvalidPassphrase", "second"),
        ("quite different 7 words", "quite different 8 words", "InvalidPassphrase", "second"),
        ("password", "password", "WeakPassphrase", "first"),
        (
            "quite\u200bdifferent 7 words",
            "quite\u200bdifferent 7 words",
            "InvalidPassphrase",
            "first",
        ),
    ],
)
def test_a_passphrase_that_cannot_be_taken_is_refused_at_its_field(
    first, second, error_class, field
):
    async def accepting():
        async with Talk() as talk:
            await talk.type("first", first)
            await talk.type("second", second)
            error = await talk.refused("passphrase.accept", minimum_score=3)
            assert (error.error_class, error.field) == (error_class, field)
            assert first not in error.message or not first
            assert (await talk.request("passphrase.state"))["accepted"] is False
            assert (await talk.request("field.reveal", field="first"))["text"] == first

    asyncio.run(accepting())


def test_accepting_wipes_the_fields_normalises_and_can_be_recalled_and_forgotten(plain):
    async def accepting():
        async with Talk() as talk:
            await talk.type("first", "cafe\u0301 quagmire 41 lintel")
            await talk.type("second", "caf\u00e9 quagmire 41 lintel")
            assert talk.typed()[-1]["matches"] is False  # as typed; what counts is the normal form
            accepted = await talk.request("passphrase.accept", minimum_score=2)
            assert accepted["characters"] == 23
            assert accepted["strength"]["score"] >= 2
            assert (await talk.request("field.reveal", field="first"))["text"] == ""
            await talk.type("recall", "cafe\u0301 quagmire 41 linte")
            assert talk.typed()[-1]["matches"] is False
            await talk.type("recall", "l")
            assert talk.typed()[-1]["matches"] is True
            await talk.request("passphrase.forget")
            error = await talk.refused("prepare", path=str(plain))
            assert (error.error_class, error.field) == ("InvalidPassphrase", "first")

    asyncio.run(accepting())


def test_the_name_of_the_database_makes_a_passphrase_weak(tmp_path):
    target = tmp_path / "zyxombriqueldatastore.db"

    async def accepting():
        async with Talk() as talk:
            await talk.type("first", target.stem)
            await talk.type("second", target.stem)
            error = await talk.refused("passphrase.accept", minimum_score=3, path=str(target))
            assert (error.error_class, error.field) == ("WeakPassphrase", "first")
            await talk.request("passphrase.accept", minimum_score=3)
            error = await asyncio.wait_for(_error_of(talk.prepare(target)), 20)
            assert (error.error_class, error.field) == ("WeakPassphrase", "first")
            assert names(tmp_path) == set()

    asyncio.run(accepting())


async def _error_of(awaitable):
    with pytest.raises(EngineError) as caught:
        await awaitable
    return caught.value


# Measuring -----------------------------------------------------------------------------------


def test_every_named_set_is_measured_or_says_why_not_and_can_be_judged():
    async def measuring():
        async with Talk() as talk:
            steps = []
            found = {}
            for name in (*engine.PRESETS, *engine.RFC_9106_SETS):
                known = {"known": found["interactive"]} if found else {}
                found[name] = await talk.request(
                    "preset", on_progress=steps.append, name=name, **known
                )
            assert steps
            for each in found.values():
                assert (each["seconds"] is None) == bool(each.get("reason"))
            chosen = found["interactive"]
            cost = await talk.request(
                "attack", guesses_log10=11.5, params=chosen["params"], seconds=chosen["seconds"]
            )
            assert cost["attacker_usd"] > 0
            assert cost["seconds_per_guess"] == chosen["seconds"]
            assert all(cost[name] for name in ("one_machine", "attacker_name", "attacker_time"))

    asyncio.run(measuring())


def test_costs_outside_the_limits_are_refused_before_any_work():
    async def measuring():
        async with Talk() as talk:
            machine = await talk.request("machine")
            low = await talk.refused("measure", **{**CHEAP, "memory_kib": 1024})
            assert low.error_class == "InvalidParameters"
            big = {"memory_kib": min(machine["unattended_kib"] + 1024, 4 * 1024 * 1024)}
            if big["memory_kib"] > machine["unattended_kib"]:
                error = await talk.refused("measure", **{**CHEAP, **big})
                assert error.error_class == "ResourceLimit"

    asyncio.run(measuring())
