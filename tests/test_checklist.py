"""The checklist of a protected database: what the audit log remembers, and what `status` shows."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

import pyrage
import pytest

from tests.databases import PASSPHRASE as OLD
from tests.databases import make_plain
from tests.engine_talk import Talk
from tests.test_initialization import CHEAP, protect
from wizard import engine
from wizard.tui.answers.protection import Committed
from wizard.tui.screens.checklist_words import explanation
from wizard.tui.session import WizardSession

PASSPHRASE = "Vermilion tügboat 93 quokka"
DONE, OPEN, SKIPPED = engine.ItemState.DONE, engine.ItemState.OPEN, engine.ItemState.SKIPPED


@pytest.fixture
def plain(tmp_path):
    (tmp_path / "data").mkdir()
    return make_plain(tmp_path / "data" / "node.db", 20)


def states(path):
    items = engine.checklist_of(engine.inspect(path))
    return {item.value: status.state for item, status in items.items()}


def status(path, *options):
    return subprocess.run(
        [sys.executable, "-m", "wizard", "status", str(path), *options],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


async def protected(talk, plain, **notes):
    await talk.choose(PASSPHRASE)
    await talk.prepare(plain)
    await talk.prove()
    return await talk.request("commit", original="keep", **notes)


def test_each_item_is_remembered_and_status_lists_what_is_open(plain, tmp_path):
    copy = tmp_path / "usb" / "node.db.crypto.json"
    copy.parent.mkdir()

    async def story():
        async with Talk() as talk:
            done = await protected(talk, plain, kit_proved="skipped", kit_saved="done")
            assert done["checklist"] == {
                "kit_proved": "skipped",
                "kit_saved": "done",
                "sidecar_copied": "open",
                "fingerprint_noted": "open",
                "plaintext_handled": "open",
            }
            beside = await talk.refused(
                "save_sidecar", path=str(plain.with_name("copy.json")), beside=False
            )
            assert beside.field == "beside"
            saved = await talk.request("save_sidecar", path=str(copy), beside=False)
            assert saved["checklist"]["sidecar_copied"] == "done"
            await talk.request("checklist", item="fingerprint_noted", state="skipped")
        return done["original_kept"]

    kept = asyncio.run(story())
    text = status(plain)
    assert "Still to do" in text
    assert "prove the recovery kit: verify PATH --recovery FILE (skipped 20" in text
    assert "note the fingerprint (skipped 20" in text
    assert "deal with the plaintext files" in text
    assert "kept elsewhere" not in text
    report = json.loads(status(plain, "--json"))["checklist"]
    assert {item: each["state"] for item, each in report.items()} == {
        "kit_proved": "skipped",
        "kit_saved": "done",
        "sidecar_copied": "done",
        "fingerprint_noted": "skipped",
        "plaintext_handled": "open",
    }
    assert report["sidecar_copied"]["time"].startswith("20")

    async def later():
        async with Talk() as talk:
            await talk.request("adopt", path=str(plain))
            await talk.request("checklist", item="fingerprint_noted", state="done")
            return await talk.request("remove_plaintext", path=kept)

    described = asyncio.run(later())
    assert described["original_kept"] is None
    assert described["checklist"]["plaintext_handled"] == "done"
    assert states(plain)["fingerprint_noted"] is DONE
    assert "note the fingerprint" not in status(plain)


def test_a_kit_that_opens_it_later_is_proved(plain, tmp_path):
    sheet = tmp_path / "sheet.txt"

    async def story():
        async with Talk() as talk:
            await talk.choose(PASSPHRASE)
            await talk.prepare(plain)
            await talk.request("kit.save", number=1, path=str(sheet), beside=False)
            await talk.request("kit.rehearse")
            await talk.request("commit", original="remove", kit_proved="skipped", kit_saved="done")

    asyncio.run(story())
    assert states(plain)["kit_proved"] is SKIPPED
    engine.verify(plain, recovery=[sheet.read_text()])
    assert states(plain)["kit_proved"] is DONE


def test_nothing_is_replaced_before_the_kit_opened_the_copy_also_when_words_are_skipped(plain):
    async def story():
        async with Talk() as talk:
            await talk.choose(PASSPHRASE)
            await talk.prepare(plain)
            early = await talk.refused("commit", original="keep", kit_proved="skipped")
            assert early.error_class == "NotProved"
            assert await talk.request("kit.rehearse") == {"proved": True}

    asyncio.run(story())
    assert plain.read_bytes().startswith(b"SQLite format 3\0")


def test_plaintext_that_comes_back_is_open_again_and_what_is_gone_is_handled(plain):
    async def story():
        async with Talk() as talk:
            await protected(talk, plain, kit_proved="done", kit_saved="done")
            await talk.request("checklist", item="plaintext_handled", state="done")

    asyncio.run(story())
    assert states(plain)["plaintext_handled"] is OPEN
    for path in engine.inspect(plain).plaintext_left:
        path.unlink()
    assert states(plain)["plaintext_handled"] is DONE


def test_a_sheet_encrypted_to_a_key_opens_the_database_when_it_is_decrypted(plain, tmp_path):
    identity = pyrage.x25519.Identity.generate()
    target = tmp_path / "sheet.age"

    async def story():
        async with Talk() as talk:
            await talk.choose(PASSPHRASE)
            await talk.prepare(plain)
            fields = {"number": 1, "path": str(target), "beside": False}
            wrong = await talk.refused("kit.save", **fields, recipients="id_missing.pub")
            assert wrong.field == "readers"
            assert not target.exists()
            saved = await talk.request("kit.save", **fields, recipients=str(identity.to_public()))
            assert len(saved["readers"]) == 1
            await talk.prove()
            await talk.request("commit", original="remove")

    asyncio.run(story())
    assert target.stat().st_mode & 0o777 == 0o600
    text = pyrage.decrypt(target.read_bytes(), [identity]).decode()
    engine.verify(plain, recovery=[text])


@pytest.mark.parametrize("place", ["kit.txt", "below/kit.txt", "link/kit.txt"])
def test_the_directory_of_the_database_takes_a_second_word(plain, tmp_path, place):
    (plain.parent / "below").mkdir()
    (tmp_path / "link").symlink_to(plain.parent)
    target = (tmp_path if place.startswith("link") else plain.parent) / place

    async def story():
        async with Talk() as talk:
            await talk.choose(PASSPHRASE)
            await talk.prepare(plain)
            refused = await talk.refused("kit.save", number=1, path=str(target), beside=False)
            assert refused.field == "beside"
            assert not target.exists()
            await talk.request("kit.save", number=1, path=str(target), beside=True)
            assert target.exists()

    asyncio.run(story())


def test_a_copy_of_the_sidecar_that_does_not_verify_is_removed(plain, tmp_path, monkeypatch):
    from wizard.tui.process import keeping
    from wizard.tui.process.aftercare import Aftercare
    from wizard.tui.process.request import Request

    async def story():
        async with Talk() as talk:
            await protected(talk, plain)

    asyncio.run(story())
    aftercare = Aftercare()
    aftercare.begin(plain)
    written = keeping.write_new

    def spoiled(path, data):
        return written(path, data.replace(b"aegis", b"aegiz"))

    monkeypatch.setattr(keeping, "write_new", spoiled)
    target = tmp_path / "copy.json"
    with pytest.raises(engine.VerificationFailed):
        aftercare.save_sidecar(Request({"path": str(target), "beside": False}), None)
    assert not target.exists()


def test_only_a_protected_database_can_be_taken_up(plain):
    async def story():
        async with Talk() as talk:
            assert (await talk.refused("adopt", path=str(plain))).error_class == "NotProtected"
            assert (await talk.refused("look_again")).exit_code == 2

    asyncio.run(story())


# What was done, and is out of date -------------------------------------------------------------

NEW = "nine copper kettles hum softly"
ALL = ("kit_proved", "kit_saved", "sidecar_copied", "fingerprint_noted")


def seen_to(tmp_path):
    """A protected database with everything on its list done, and its sheet."""
    data = tmp_path / "data"
    data.mkdir(exist_ok=True)
    node = make_plain(data / "node.db", 5)
    protect(node, tmp_path, original="remove")
    for item in ALL:
        assert not engine.record_item(engine.inspect(node), engine.Item(item), DONE)
    assert set(states(node).values()) == {DONE}
    return node, (tmp_path / "sheet-1.txt").read_text()


def recovered(node, sheet):
    with engine.prepare_recovery(node, [sheet], NEW) as pending:
        pending.rehearse()
        pending.commit()


def started_over(node, _sheet):
    with engine.prepare_reinitialization(node, NEW, confirm=node.name, params=CHEAP) as pending:
        pending.rehearse()
        pending.start_over()


@pytest.mark.parametrize(
    ("change", "reopened", "outdated"),
    [
        (
            lambda node, _: engine.change_passphrase(node, OLD, NEW),
            {"sidecar_copied", "fingerprint_noted"},
            {"sidecar_copied", "fingerprint_noted"},
        ),
        (
            lambda node, _: engine.retune(node, OLD, params=CHEAP),
            {"sidecar_copied", "fingerprint_noted"},
            {"sidecar_copied", "fingerprint_noted"},
        ),
        (
            lambda node, _: engine.add_operator(node, OLD, "Ada", NEW, params=CHEAP),
            {"sidecar_copied"},
            {"sidecar_copied"},
        ),
        (
            lambda node, _: engine.rotate(node, OLD),
            {"sidecar_copied", "fingerprint_noted", "kit_saved"},
            {"sidecar_copied", "fingerprint_noted", "kit_saved"},
        ),
        (
            recovered,  # the new kit is proved by it, and nobody has kept it yet
            {"sidecar_copied", "fingerprint_noted", "kit_saved"},
            {"sidecar_copied", "fingerprint_noted"},
        ),
        (started_over, {"sidecar_copied", "fingerprint_noted", "kit_saved"}, set()),
        (lambda node, sheet: engine.rehearse_recovery(node, [sheet]), set(), set()),
        (lambda node, _: engine.unlock(node, OLD).close(), set(), set()),
    ],
    ids=["passwd", "retune", "operator", "rotate", "recover", "reinit", "rehearse", "unlock"],
)
def test_what_was_done_is_open_again_when_it_is_out_of_date(tmp_path, change, reopened, outdated):
    node, sheet = seen_to(tmp_path)
    change(node, sheet)
    items = engine.checklist_of(engine.inspect(node))
    assert {item for item, status in items.items() if status.state is not DONE} == reopened
    assert {item for item, status in items.items() if status.outdated} == outdated
    report = json.loads(status(node, "--json"))["checklist"]
    assert {item for item, each in report.items() if each["outdated"]} == outdated
    for item in reopened:
        assert not engine.record_item(engine.inspect(node), engine.Item(item), DONE)
    assert set(states(node).values()) == {DONE}


def test_a_rotation_asks_for_the_present_lines_and_printing_them_is_enough(tmp_path):
    node, _sheet = seen_to(tmp_path)
    engine.rotate(node, OLD)
    text = status(node)
    assert "note the fingerprint (done 20" in text
    assert "and the keys were changed since" in text
    assert "kit on paper or in a file" in text
    lines = [sys.executable, "-m", "wizard", "recovery", "lines", str(node)]
    subprocess.run(lines, check=True, capture_output=True)
    assert states(node)["kit_saved"] is DONE
    assert "kit on paper or in a file" not in status(node)


def test_lines_do_not_stand_for_words_that_were_never_kept(tmp_path):
    node, sheet = seen_to(tmp_path)
    recovered(node, sheet)
    assert engine.record_lines(engine.inspect(node)) == ""
    assert states(node)["kit_saved"] is OPEN


def test_the_wizard_learns_what_is_out_of_date(tmp_path):
    node, _sheet = seen_to(tmp_path)
    engine.change_passphrase(node, OLD, NEW)

    async def story():
        async with Talk() as talk:
            described = await talk.request("adopt", path=str(node))
            copied = await talk.request("save_sidecar", path=str(tmp_path), beside=False)
        return described, copied

    described, copied = asyncio.run(story())
    assert described["outdated"] == ["sidecar_copied", "fingerprint_noted"]
    committed = Committed.from_answer(copied)
    assert committed.outdated == ("fingerprint_noted",)
    facts = explanation("fingerprint_noted", WizardSession(committed=committed))
    assert facts[0].text == "The one that was noted is of before a change of keys."
