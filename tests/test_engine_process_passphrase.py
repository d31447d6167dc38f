"""Step 2 over a real engine process: what is told about a passphrase, and what never leaves."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.engine_talk import CHEAP, Line, Talk

COST = {"params": CHEAP, "seconds": 0.02}


def test_two_fields_are_compared_by_four_words_of_this_session():
    async def typing():
        async with Talk() as talk:
            assert await talk.request("field.describe", field="first") == {
                "words": [],
                "warnings": [],
            }
            await talk.type("first", " QUIET-")
            await talk.type("second", " QUIET")
            first = await talk.request("field.describe", field="first")
            second = await talk.request("field.describe", field="second")
            assert first["warnings"] == ["capitals", "leading_blank", "signs"]
            assert len(first["words"]) == 4
            assert first["words"] != second["words"]
            await talk.type("second", "-")
            assert await talk.request("field.describe", field="second") == first
            return first["words"]

    assert asyncio.run(typing()) != asyncio.run(typing()), "each session has a key of its own"


def test_the_accepted_passphrase_keeps_its_words():
    async def typing():
        async with Talk() as talk:
            answer = await talk.choose("vermilion tugboat 93 quokka")
            assert answer["warnings"] == []
            await talk.type("first", "vermilion tugboat 93 quokka")
            described = await talk.request("field.describe", field="first")
            assert described["words"] == answer["words"]

    asyncio.run(typing())


def test_the_meter_tells_the_cost_under_the_parameters_supposed():
    async def typing():
        async with Talk() as talk:

            def newest():
                return next(e["strength"] for e in reversed(talk.events) if e["strength"])

            await talk.type("first", "vermilion tugboat")
            await talk.until(lambda: talk.events[-1]["strength"])
            assert newest()["attack"] is None
            await talk.request("meter.suppose", **COST)
            await talk.until(lambda: newest()["attack"])
            cheap = newest()["attack"]
            assert cheap["seconds_per_guess"] == 0.02
            assert {"one_machine", "attacker_name", "attacker_time"} < set(cheap)
            dear = {"params": {**CHEAP, "memory_kib": 1024 * 1024}, "seconds": 1.0}
            await talk.request("meter.suppose", **dear)
            await talk.until(lambda: newest()["attack"]["seconds_per_guess"] == 1.0)
            assert newest()["attack"]["attacker_usd"] > 50 * cheap["attacker_usd"]

    asyncio.run(typing())


def test_the_database_s_name_is_a_weak_passphrase_while_it_is_typed(tmp_path):
    async def score(talk, **supposed):
        await talk.request("meter.suppose", **supposed)
        talk.client.send("field.clear", field="first")
        await talk.type("first", "vermilionquokka")
        await talk.until(lambda: talk.events[-1]["strength"])
        return talk.events[-1]["strength"]["guesses_log10"]

    async def typing():
        async with Talk() as talk:
            unnamed = await score(talk)
            named = await score(talk, path=str(tmp_path / "vermilionquokka.db"))
            assert named < unnamed - 3

    asyncio.run(typing())


def test_the_least_score_comes_from_the_node_s_configuration(tmp_path, monkeypatch):
    async def score(path):
        async with Talk() as talk:
            return await talk.request("policy", path=str(path))

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "none"))
    orders = tmp_path / "orders.db"
    assert asyncio.run(score(orders)) == {"minimum_score": 3, "configured": False}
    file = tmp_path / "datafold.toml"
    file.write_text(f'[databases.orders]\npath = "{orders}"\ncrypto.minimum_score = 4\n')
    monkeypatch.setenv("DATAFOLD_CONFIG", str(file))
    assert asyncio.run(score(orders)) == {"minimum_score": 4, "configured": True}
    assert asyncio.run(score(tmp_path / "other.db"))["minimum_score"] == 3


# The generator -------------------------------------------------------------------------------


def test_a_drawn_passphrase_has_to_be_typed_before_it_is_taken():
    async def drawing():
        async with Talk() as talk:
            await talk.request("meter.suppose", **COST)
            drawn = await talk.request("passphrase.generate", words=6)
            assert drawn["words"] == 6
            assert drawn["bits"] == pytest.approx(77.5, abs=0.05)
            text = (await talk.request("field.reveal", field="generated"))["text"]
            assert len(text.split()) == 6
            again = await talk.request("passphrase.generate", words=7)
            assert again["bits"] > drawn["bits"]
            text = (await talk.request("field.reveal", field="generated"))["text"]
            await talk.type("second", "left over")
            await talk.request("passphrase.use_generated")
            assert (await talk.request("field.reveal", field="second"))["text"] == ""
            early = await talk.refused("passphrase.accept", minimum_score=3)
            assert (early.error_class, early.field) == ("InvalidPassphrase", "second")
            await talk.until(lambda: talk.events[-1]["strength"])
            strength = talk.events[-1]["strength"]
            assert strength["guesses_log10"] <= again["guesses_log10"]
            await talk.type("second", text)
            accepted = await talk.request("passphrase.accept", minimum_score=3)
            assert accepted["characters"] == len(text)
            assert accepted["strength"]["guesses_log10"] <= again["guesses_log10"]
            assert (await talk.request("field.reveal", field="generated"))["text"] == ""

    asyncio.run(drawing())


@pytest.mark.parametrize("words", [0, 5, 13])
def test_a_short_passphrase_is_not_drawn(words):
    async def drawing():
        async with Talk() as talk:
            error = await talk.refused("passphrase.generate", words=words)
            assert "6 to 12 words" in str(error)

    asyncio.run(drawing())


def test_no_answer_but_a_reveal_holds_a_word_of_the_passphrase():
    """Every byte of the conversation, on the bare socket."""
    with Line() as line:
        said = []

        def ask(**message):
            line.write(json.dumps(message).encode() + b"\n")
            while True:
                answer = line.read()
                said.append(answer)
                if answer.get("id") == message["id"]:
                    return answer["result"]

        ask(id=1, op="passphrase.generate", words=6)
        ask(id=2, op="passphrase.use_generated")
        ask(id=3, op="field.describe", field="first")
        ask(id=4, op="passphrase.state")
        transcript = json.dumps(said)
        text = ask(id=5, op="field.reveal", field="generated")["text"]
        assert len(text.split()) == 6
        # One word may also be one of the protocol's or of zxcvbn's advice; three are not.
        assert sum(word in transcript for word in text.split()) < 3
        line.write(b'{"op": "quit"}\n')


# Step 3 --------------------------------------------------------------------------------------


def test_a_set_is_measured_as_often_as_asked_and_the_spread_is_told():
    async def measuring():
        async with Talk() as talk:
            once = await talk.request("measure", **CHEAP)
            assert 1 <= once["runs"] <= 25, "what is short is repeated without being asked to"
            assert once["fastest"] <= once["seconds"] <= once["slowest"]
            often = await talk.request("measure", **CHEAP, runs=5)
            assert 5 <= often["runs"] <= 25
            assert often["fastest"] < often["slowest"]
            assert often["fastest"] <= often["seconds"] <= often["slowest"]
            error = await talk.refused("measure", **CHEAP, runs=10)
            assert error.error_class == "InvalidRequest"

    asyncio.run(measuring())


def test_a_target_time_becomes_parameters_under_the_limit_given():
    async def measuring():
        async with Talk() as talk:
            cap = 64 * 1024
            found = await talk.request("target", seconds=0.2, maximum_memory_kib=cap)
            assert found["params"]["memory_kib"] <= cap
            assert 0.05 < found["seconds"] < 0.8
            error = await talk.refused("target", seconds=61)
            assert "at most 60 seconds" in str(error)

    asyncio.run(measuring())


def test_every_cipher_is_measured():
    async def measuring():
        async with Talk() as talk:
            found = (await talk.request("ciphers"))["ciphers"]
            assert [row["cipher"] for row in found] == ["aegis", "chacha20", "sqlcipher"]
            for row in found:
                assert row["write_bytes_per_second"] > 1e6
                assert row["read_bytes_per_second"] > 1e6

    asyncio.run(measuring())


def test_another_machine_is_compared_by_its_benchmark(tmp_path):
    path = tmp_path / "there.json"
    row = {"name": "balanced", "memory_kib": 19 * 1024, "passes": 2, "lanes": 1, "seconds": 0.06}
    machine = {"processors": 1, "available_kib": 524_288}

    async def comparing():
        async with Talk() as talk:
            path.write_text(json.dumps({"key_derivation": [row], "machine": machine}))
            found = await talk.request("other_machine", path=str(path), **COST)
            assert found["memory_kib"] == 524_288
            assert found["slower"] == pytest.approx(3.0)
            path.write_text("{}")
            error = await talk.refused("other_machine", path=str(path), **COST)
            assert "is not what “datafold-wizard benchmark --json” prints" in str(error)

    asyncio.run(comparing())
