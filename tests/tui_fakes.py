"""An engine without a process: same protocol, fixed values, nothing on disk."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

from tests.upkeep_fakes import UpkeepFakes
from wizard.engine.compact_slot import CompactSlot
from wizard.engine.slot_qr import SlotQr
from wizard.tui.engine_client import EngineError

Answer = dict[str, Any]

ATTACKER = "a rented GPU (24 GB, about 0.40 USD an hour)"
SHORT_WORDS = ("acid", "bagel", "cedar", "ditch", "elbow", "fence", "grain", "hazel")
RANDOM_WORDS = (
    "crisply", "drop-down", "unleaded", "provider", "gazing", "thermos",
    "obtrusive", "sixfold", "yodel", "marbled", "pauper", "landlord",
)  # fmt: skip
FINGERPRINT = "7QJ4-M2XD-90KA-TT3B-5CWE"
DATABASES = (
    {
        "path": "/srv/datafold/node.db",
        "state": "plaintext",
        "reason": "",
        "size": 50_540_544,
        "tables": 12,
        "ways_out": [],
        "fingerprint": None,
        "created_at": None,
        "modified": "2026-08-20T08:53:20Z",
    },
    {
        "path": "/srv/datafold/archive/measurements from the old node (2023).db",
        "state": "plaintext",
        "reason": "",
        "size": 1_288_490_188,
        "tables": 41,
        "ways_out": [],
        "fingerprint": None,
        "created_at": None,
        "modified": "2023-12-30T23:10:00Z",
    },
    {
        "path": "/srv/datafold/ledger.db",
        "state": "protected",
        "reason": "",
        "size": 8_388_608,
        "tables": None,
        "ways_out": [],
        "fingerprint": "K3TE-09XM-ZZ4R-11QC-8VHD",
        "created_at": "2026-01-05T10:12:44Z",
        "modified": "2026-01-05T10:12:44Z",
    },
    {
        "path": "/srv/datafold/cache.db",
        "state": "interrupted",
        "reason": "An initialization was interrupted before anything was replaced.",
        "size": 1_048_576,
        "tables": None,
        "ways_out": ["Undo it."],
        "fingerprint": None,
        "created_at": None,
        "modified": "2026-01-05T10:12:44Z",
    },
    {
        "path": "/srv/datafold/notes.db",
        "state": "foreign",
        "reason": "/srv/datafold/notes.db is not an SQLite database, or another program "
        "encrypted it.",
        "size": 20_480,
        "tables": None,
        "ways_out": ["If it was protected here and lost its sidecar: put that back."],
        "fingerprint": None,
        "created_at": None,
        "modified": "2026-01-05T10:12:44Z",
    },
)
WORDS = [
    "academic",
    "acid",
    "acne",
    "acquire",
    "acrobat",
    "activity",
    "actress",
    "adapt",
    "adequate",
    "adjust",
    "admit",
    "adorn",
    "adult",
    "advance",
    "advocate",
    "afraid",
    "again",
    "agency",
    "agree",
    "aide",
    "aircraft",
    "airline",
    "airport",
    "ajar",
    "alarm",
    "album",
    "alcohol",
    "alien",
    "alive",
    "alpha",
    "already",
    "alto",
    "aluminum",
]
SLOT_LINES = [
    f"{number:>2}  7QJ4 M2XD 90KA TT3B 5CWE K3TE 09XM ZZ4R  {number * 37 % 97:02}"
    for number in range(1, 11)
]
ITEMS = ("kit_proved", "kit_saved", "sidecar_copied", "fingerprint_noted", "plaintext_handled")
RANDOMART = [
    "+--[ED25519 256]--+",
    "|                 |",
    "|       . .       |",
    "|      . + .+     |",
    "|     . X =+ +    |",
    "|      X So =     |",
    "|     = B.B+.o    |",
    "|      + X.+*     |",
    "|       Oo*=.     |",
    "|      . E=o      |",
    "+----[SHA256]-----+",
]
PRESETS = (
    ("interactive", 65_536, 3, 2, 0.26),
    ("balanced", 262_144, 3, 2, 0.98),
    ("sensitive", 786_432, 3, 2, 2.94),
    ("rfc9106-second", 65_536, 3, 4, 0.19),
    ("rfc9106-first", 2_097_152, 1, 4, None),
)
LIMIT = (
    "This needs 2048 MiB of memory; without asking, at most 1996 MiB are used here "
    "(half of the available memory)."
)


@cache
def qr_lines() -> list[str]:
    """The code of a slot that opens nothing."""
    slot = CompactSlot(
        database_id=bytes(range(16)),
        generation=1,
        cipher="aegis",
        page_size=4096,
        file_salt=bytes(range(16, 32)),
        slot_id=bytes(range(8)),
        share_identifier=4711,
        threshold=2,
        shares=3,
        authority_public_key=bytes(range(32, 64)),
        master_public_key=bytes(range(64, 96)),
        ephemeral=bytes(range(96, 128)),
        ciphertext=bytes(range(128, 176)),
    )
    return SlotQr.of(slot).half_blocks()


def _years(count: float) -> str:
    if count >= 1e9:
        return "more than a billion years"
    if count < 1:
        return "less than a year"
    rounded = float(f"{count:.2g}")
    return (
        f"about {rounded:,.0f} years"
        if rounded >= 10
        else f"{rounded:.10g} year{'' if rounded == 1 else 's'}"
    )


def _measured(
    memory_kib: int, passes: int, lanes: int, seconds: float | None, *, runs: int = 1
) -> Answer:
    spread = 0.04 if runs > 1 else 0
    return {
        "params": {"memory_kib": memory_kib, "passes": passes, "lanes": lanes},
        "seconds": seconds,
        "fastest": seconds and seconds * (1 - spread),
        "slowest": seconds and seconds * (1 + spread),
        "runs": runs if seconds else 0,
        "reason": "" if seconds else LIMIT,
    }


class FakeEngine(UpkeepFakes):
    """Answers like the engine process; `delay` seconds for what takes long there."""

    def __init__(self, *, delay: float = 0.0, databases: tuple[Answer, ...] = DATABASES) -> None:
        super().__init__()
        self.on_event: Callable[[Answer], None] | None = None
        self.delay = delay
        self.databases = {summary["path"]: dict(summary) for summary in databases}
        self.fields = {"first": "", "second": "", "recall": "", "generated": "", "current": ""}
        self.supposed = False
        self.minimum_score = 3
        self.accepted = ""
        self.calls: list[tuple[str, Answer]] = []
        self.plan: Answer = {"threshold": 1, "shares": 1, "holders": []}
        self.proved = False
        self.hold_at: str | None = None
        self.cancelled = asyncio.Event()
        self.tick: Callable[[], None] = lambda: None
        self.closed = False
        self.fail: dict[str, EngineError] = {}
        self.path = ""
        self.kept: str | None = None
        self.items: dict[str, str] = {}
        self.plaintext: list[str] = []

    async def start(self) -> None:
        self.closed = False

    async def close(self) -> None:
        self.closed = True

    def kill(self) -> None:
        self.closed = True

    async def cancel_current(self) -> None:
        self.cancelled.set()

    def asked(self, op: str) -> list[Answer]:
        return [fields for name, fields in self.calls if name == op]

    # Keys ------------------------------------------------------------------------------------

    def send(self, op: str, /, **fields: Any) -> None:
        self.calls.append((op, fields))
        name = fields.get("field", "")
        if op == "field.type":
            self.fields[name] += fields["text"]
        elif op == "field.erase":
            self.fields[name] = self.fields[name][:-1]
        elif op == "field.clear":
            self.fields[name] = ""
        elif op == "sheets.put":
            self.given.setdefault(fields["sheet"], {})[fields["position"]] = fields["word"]
        elif op == "sheets.clear":
            self.given.clear()
        elif op == "forget":
            self.given.clear()
            self.present, self.accepted = False, ""
        if op == "passphrase.use_generated":
            self.fields.update(first=self.fields["generated"], second="")
            self.tell("first")
            self.tell("second")
        if op == "meter.suppose":
            self.supposed = self.supposed or "params" in fields
        if op.startswith("field."):
            self.tell(name)

    def tell(self, name: str) -> None:
        first, second = self.fields["first"], self.fields["second"]
        event = {
            "event": "field",
            "field": name,
            "characters": len(self.fields[name]),
            "strength": self.strength(first) if name == "first" and first else None,
            "matches": first == second if first and second else None,
            "refused": None,
        }
        if self.on_event is not None:
            asyncio.get_running_loop().call_soon(self.on_event, event)

    def strength(self, text: str) -> Answer:
        score = min(4, len(text) // 5)
        attack = {
            "one_machine": _years(1.9 ** len(text) / 1000),
            "attacker_name": ATTACKER,
            "attacker_time": _years(1.9 ** len(text) / 100_000),
            "attacker_usd": 1.9 ** len(text),
        }
        return {
            "attack": attack if self.supposed else None,
            "score": score,
            "guesses_log10": len(text) * 0.62 + 0.5,
            "warning": "" if score >= 3 else "It is close to a password that many use.",
            "suggestions": [] if score >= 3 else ["Add a word or two that are seldom used."],
        }

    # Questions -------------------------------------------------------------------------------

    async def request(
        self, op: str, /, *, on_progress: Callable[[Answer], None] | None = None, **fields: Any
    ) -> Answer:
        self.calls.append((op, fields))
        await asyncio.sleep(0)
        if op in self.fail:
            raise self.fail.pop(op)
        name = "checklist_record" if op == "checklist" else op.replace(".", "_")
        method = getattr(self, f"_{name}")
        return await method(on_progress or (lambda _event: None), **fields)

    async def _wait(self) -> None:
        if self.delay:
            await asyncio.sleep(self.delay)

    async def _discover(self, _progress: Any) -> Answer:
        return {"databases": list(self.databases.values())}

    async def _inspect(self, _progress: Any, path: str) -> Answer:
        absent = {"path": path, "state": "absent", "reason": "There is no file of that name."}
        return self.databases.get(path, absent)

    async def _survey(self, _progress: Any, path: str, size: int) -> Answer:
        return {"tables": self.databases[path]["tables"], "seconds": size / 40e6}

    async def _undo(self, _progress: Any, path: str) -> Answer:
        self.databases[path].update(state="plaintext", reason="", tables=3)
        return {"done": "Removed the unfinished copy; the database is as it was."}

    async def _complete_path(self, _progress: Any, prefix: str) -> Answer:
        paths = [*self.databases, "/srv/datafold/archive/"]
        return {"candidates": sorted(path for path in paths if path.startswith(prefix))}

    async def _field_reveal(self, _progress: Any, field: str) -> Answer:
        return {"text": self.fields[field]}

    async def _field_describe(self, _progress: Any, field: str) -> Answer:
        text = self.fields[field]
        codes = {
            "capitals": text.isupper(),
            "leading_blank": text.startswith(" "),
            "trailing_blank": text.endswith(" "),
            "beyond_ascii": not text.isascii(),
            "signs": any(character in "-#/" for character in text),
        }
        warnings = [code for code, holds in codes.items() if holds]
        return {"words": self.four_words(text) if text else [], "warnings": warnings}

    @staticmethod
    def four_words(text: str) -> list[str]:
        number = zlib.crc32(text.encode())
        return [SHORT_WORDS[number >> shift & 7] for shift in (0, 3, 6, 9)]

    async def _passphrase_generate(self, _progress: Any, words: int) -> Answer:
        self.fields["generated"] = " ".join(RANDOM_WORDS[:words])
        bits = words * 12.9248
        return {"words": words, "bits": bits, "guesses_log10": bits * 0.301}

    async def _passphrase_accept(
        self, _progress: Any, minimum_score: int, path: str = ""
    ) -> Answer:
        first, second = self.fields["first"], self.fields["second"]
        if first != second:
            message = "The two entries are not the same."
            raise EngineError("InvalidPassphrase", message, field="second")
        strength = self.strength(first)
        if strength["score"] < minimum_score:
            message = (
                "The passphrase is too easy to guess: its score is 2 of 4, and 3 is asked for."
            )
            raise EngineError("WeakPassphrase", message, field="first")
        self.accepted = first
        self.fields.update(first="", second="", generated="", accepted=first)
        described = await self._field_describe(None, "accepted")
        return {"characters": len(first), "strength": strength, **described}

    async def _policy(self, _progress: Any, path: str) -> Answer:
        return {"minimum_score": self.minimum_score, "configured": False}

    async def _machine(self, _progress: Any) -> Answer:
        return {
            "available_kib": 4_087_808,
            "unattended_kib": 2_043_904,
            "limited_by": "available memory",
            "total_kib": 8_000_000,
            "processors": 2,
            "memory_locked": True,
            "memory_note": "",
            "aes": True,
            "recommended_cipher": "aegis",
        }

    async def _preset(
        self,
        progress: Any,
        name: str,
        known: Answer | None = None,
        maximum_memory_kib: int = 1 << 30,
    ) -> Answer:
        progress({"stage": "derive", "done": 0, "total": 0, "unit": "steps", "detail": name})
        await self._wait()
        memory_kib, *rest = next(fields for each, *fields in PRESETS if each == name)
        cap = memory_kib if name.startswith("rfc") else maximum_memory_kib
        return _measured(min(memory_kib, cap), *rest)

    async def _target(
        self, _progress: Any, seconds: float, maximum_memory_kib: int = 1 << 30
    ) -> Answer:
        await self._wait()
        return _measured(min(int(seconds * 260) * 1024, maximum_memory_kib), 3, 2, seconds * 1.02)

    async def _ciphers(self, _progress: Any) -> Answer:
        await self._wait()
        speeds = {"aegis": (4.4e8, 9.6e8), "chacha20": (2.6e8, 3.9e8), "sqlcipher": (7.7e7, 1.1e8)}
        return {
            "ciphers": [
                {"cipher": name, "write_bytes_per_second": write, "read_bytes_per_second": read}
                for name, (write, read) in speeds.items()
            ]
        }

    async def _other_machine(
        self, _progress: Any, path: str, params: Answer, seconds: float
    ) -> Answer:
        if not path.endswith("there.json"):
            message = f"{path} is not what “datafold-wizard benchmark --json” prints."
            raise EngineError("InvalidInput", message)
        return {"memory_kib": 2_097_152, "slower": 3.1}

    async def _measure(
        self,
        _progress: Any,
        memory_kib: int,
        passes: int,
        lanes: int,
        allow_high_cost: bool,
        runs: int = 1,
    ) -> Answer:
        await self._wait()
        if memory_kib < 19 * 1024:
            raise EngineError(
                "InvalidParameters", "memory is 8 MiB, and has to be at least 19 MiB."
            )
        if memory_kib > 2_043_904 and not allow_high_cost:
            raise EngineError("ResourceLimit", LIMIT)
        return _measured(memory_kib, passes, lanes, memory_kib * passes / 800_000, runs=runs)

    async def _attack(
        self, _progress: Any, guesses_log10: float, params: Answer, seconds: float
    ) -> Answer:
        return {
            "one_machine": "about 310 million years",
            "attacker_name": ATTACKER,
            "attacker_time": "about 2.1 million years",
            "attacker_usd": 7.4e9,
            "seconds_per_guess": seconds,
        }

    async def _prepare(self, progress: Any, path: str, recovery: Answer, **_fields: Any) -> Answer:
        self.plan, self.path = recovery, path
        self.cancelled.clear()
        size = self.databases.get(path, {}).get("size") or 0
        totals = {"encrypt": (size, "bytes"), "verify": (402_117, "rows")}
        for stage in ("check", "derive", "keys", "encrypt", "verify"):
            total, unit = totals.get(stage, (1, "steps"))
            for done in (0, total // 2, total):
                event = {"stage": stage, "done": done, "total": total, "unit": unit, "detail": ""}
                self.tick()
                progress(event)
                await self._wait()
                if self.hold_at == stage and done == total // 2:
                    await self.cancelled.wait()
                if self.cancelled.is_set():
                    raise EngineError("Cancelled", "Cancelled.", exit_code=130)
        original = path in self.databases
        return {
            "fingerprint": FINGERPRINT,
            "database_id": "0f" * 16,
            "sidecar": path + ".crypto.json",
            "sheets": recovery["shares"],
            "threshold": recovery["threshold"],
            "bytes": size if original else None,
            "rows": 402_117 if original else None,
            "tables": 12 if original else None,
            "original": original,
        }

    async def _abort(self, _progress: Any) -> Answer:
        return {}

    async def _kit_sheet(self, _progress: Any, number: int) -> Answer:
        holders = self.plan["holders"]
        code = qr_lines()
        return {
            "number": number,
            "of": self.plan["shares"],
            "threshold": self.plan["threshold"],
            "holder": holders[number - 1] if holders else f"sheet {number}",
            "words": WORDS[number - 1 :] + WORDS[: number - 1],
            "slot_lines": SLOT_LINES,
            "qr": {"lines": code, "width": len(code[0]), "height": len(code)},
        }

    async def _kit_save(
        self, _progress: Any, number: int, path: str, recipients: str | None, beside: bool
    ) -> Answer:
        if path.endswith("exists.txt"):
            raise EngineError("OutputExists", f"{path} exists and is not overwritten.")
        self._refuse_beside(path, beside)
        if recipients is not None and not recipients.startswith(("age1", "ssh-")):
            message = "That is neither a file nor a public key."
            raise EngineError("TargetAbsent", message, field="readers")
        return {"path": path, "readers": ["ada@work"] if recipients else []}

    @staticmethod
    def _refuse_beside(path: str, beside: bool) -> None:
        if path.startswith("/srv/datafold/") and not beside:
            message = "To save it here all the same, press Save again."
            raise EngineError("InvalidInput", message, field="beside")

    async def _kit_challenge(self, _progress: Any) -> Answer:
        if self.plan["shares"] == 1:
            return {"challenge": [{"sheet": 1, "position": at} for at in (4, 17, 30)]}
        sheets = range(1, self.plan["shares"] + 1)
        return {"challenge": [{"sheet": sheet, "position": 2 * sheet} for sheet in sheets]}

    async def right_words(self) -> list[str]:
        challenge = (await self._kit_challenge(None))["challenge"]
        return [
            (WORDS[word["sheet"] - 1 :] + WORDS[: word["sheet"] - 1])[word["position"] - 1]
            for word in challenge
        ]

    async def _kit_answer(self, progress: Any, words: list[str]) -> Answer:
        challenge = (await self._kit_challenge(None))["challenge"]
        right = await self.right_words()
        wrong = tuple(
            f"sheet {asked['sheet']}, word {asked['position']}"
            for asked, word, expected in zip(challenge, words, right, strict=True)
            if word != expected
        )
        if wrong:
            message = "These words are not what the kit says."
            raise EngineError("InvalidRecoveryPhrase", message, where=wrong)
        progress({"stage": "rehearse", "done": 1, "total": 1, "unit": "steps", "detail": ""})
        await self._wait()
        self.proved = True
        return {"proved": True}

    async def _commit(self, progress: Any, original: str, **notes: str) -> Answer:
        assert self.proved
        progress({"stage": "commit", "done": 1, "total": 1, "unit": "steps", "detail": ""})
        self.items = dict(notes)
        if original == "keep" and self.path in self.databases:
            self.kept = self.path + ".plaintext-20260822T101500Z"
        return self._protected()

    async def _checklist_record(self, _progress: Any, item: str, state: str) -> Answer:
        assert item in ITEMS
        self.items[item] = state
        return self._protected()

    async def _kit_rehearse(self, _progress: Any) -> Answer:
        self.proved = True
        return {"proved": True}

    def protect(self, path: str) -> None:
        """What is on disk after a commit of which no answer arrived."""
        self.databases[path].update(state="protected", fingerprint=FINGERPRINT)

    def _protected(self) -> Answer:
        return {
            "path": self.path,
            "sidecar": self.path + ".crypto.json",
            "fingerprint": FINGERPRINT,
            "fingerprint_words": WORDS[:10],
            "randomart": RANDOMART,
            "openssh_fingerprint": "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
            "public_key": "ab" * 32,
            "original_kept": self.kept,
            "plaintext_left": [path for path in (self.kept, *self.plaintext) if path],
            "checklist": self._checklist(),
        }

    def _checklist(self) -> Answer:
        states = {item: self.items.get(item, "open") for item in ITEMS}
        if not self.kept and not self.plaintext:
            states["plaintext_handled"] = "done"
        return states

    async def _adopt(self, _progress: Any, path: str) -> Answer:
        self.path = path
        return self._protected()

    async def _look_again(self, _progress: Any) -> Answer:
        return self._protected()

    async def _save_sidecar(self, _progress: Any, path: str, beside: bool) -> Answer:
        self._refuse_beside(path, beside)
        self.items["sidecar_copied"] = "done"
        return {**self._protected(), "copy": path}

    async def _remove_plaintext(self, _progress: Any, path: str) -> Answer:
        assert path == self.kept
        self.kept = None
        return self._protected()
