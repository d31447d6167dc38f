"""The engine's answers about a protected database, with fixed values and nothing on disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wizard.tui.engine_client import EngineError

Answer = dict[str, Any]

MASTER = "old grey lanterns drift south"
NEW_FINGERPRINTS = (
    "9ZC1-QT4M-0B7W-XK2D-HJ5R",
    "B8PD-2VYE-71MN-6CQS-T4AF",
    "0RXG-K5JW-H9TB-3ZEM-V6DN",
    "WQ7C-84SP-FYJ2-D0HK-15GM",
    "5NTB-E3ZV-9KX4-7PAR-CWQ8",
    "JH6M-Y1DF-S2GC-RV85-B0XE",
)
KIT_WORD = "academic"
LOG = {
    "state": "writable",
    "reason": "",
    "entries": 31,
    "last": {"event": "unlock", "outcome": "done", "time": "2026-08-20T08:53:20Z", "user": "ada"},
    "kit_proved_days": 96,
}
STATES = {"/srv/datafold/cache.db": "Undone: the database is as it was."}


def keys(fingerprint: str) -> Answer:
    return {
        "fingerprint": fingerprint,
        "generation": 3,
        "created_at": "2026-01-05T10:12:44Z",
        "cipher": "aegis",
        "keyfile": False,
        "params": {"memory_kib": 65_536, "passes": 3, "lanes": 2},
        "recovery": {"threshold": 2, "shares": 3, "holders": ["Ada", "Grace", "Hedy"]},
        "operators": [
            {"label": "night shift", "created_at": "2026-03-01T09:00:00Z"},
            {"label": "reporting service", "created_at": "2026-05-11T14:20:00Z"},
        ],
        "retired_slots": 2,
    }


class UpkeepFakes:
    """Mixed into the fake engine."""

    databases: dict[str, Answer]
    fields: dict[str, str]
    accepted: str
    proved: bool
    plan: Answer
    path: str
    tick: Callable[[], None]

    def __init__(self) -> None:
        self.keys: dict[str, Answer] = {}
        self.master = MASTER
        self.given: dict[int, dict[int, str]] = {}
        self.wrong_word: int | None = None
        self.present = False
        self.moved: list[str] = []
        self.to_come = ""
        self.new_keys = 0

    def keys_of(self, path: str) -> Answer | None:
        fingerprint = self.databases[path]["fingerprint"]
        if fingerprint is None:
            return None
        return self.keys.setdefault(path, keys(fingerprint))

    async def _overview(self, _progress: Any, path: str) -> Answer:
        summary = self.databases[path]
        protected = summary["state"] == "protected" or summary.get("opens", False)
        return {
            "path": path,
            "state": summary["state"],
            "reason": summary["reason"],
            "ways_out": summary["ways_out"],
            "opens": protected,
            "size": summary["size"],
            "sidecar": f"{path}.crypto.json",
            "database_there": True,
            "encrypted": summary["state"] != "interrupted",
            "keys": self.keys_of(path),
            "outlook": {
                "rotation_seconds": 4,
                "stronger": {"memory_kib": 262_144, "passes": 2, "lanes": 2},
            },
            "plaintext_left": [],
            "open_items": ["sidecar_copied", "fingerprint_noted"] if protected else [],
            "log": LOG,
        }

    async def _present_prove(
        self, _progress: Any, path: str, allow_high_cost: bool, keyfile: str = ""
    ) -> Answer:
        if self.fields["current"] != self.master:
            fingerprint = self.databases[path]["fingerprint"]
            message = f"Wrong passphrase (fingerprint {fingerprint})."
            raise EngineError("WrongPassphrase", message, field="current")
        self.present, self.fields["current"] = True, ""
        return {"warnings": []}

    # Sheets ----------------------------------------------------------------------------------

    async def _sheets_check(self, _progress: Any, sheet: int) -> Answer:
        if self.wrong_word is not None:
            where = f"sheet {sheet}, word {self.wrong_word}"
            message = f"The words do not fit together; most likely word {self.wrong_word} is wrong."
            self.wrong_word = None
            raise EngineError("InvalidRecoveryPhrase", message, where=(where,))
        return {"sheet": sheet}

    async def _sheets_read(self, _progress: Any, sheet: int, path: str) -> Answer:
        if not path.endswith(".txt"):
            raise EngineError("Unreadable", "There is no such file.", field="path")
        return {"threshold": 2}

    async def _change_check_sheets(self, _progress: Any, path: str, sheets: int) -> Answer:
        return {"warnings": []}

    # Verbs -----------------------------------------------------------------------------------

    async def _stages(self, progress: Any, *stages: str) -> None:
        for stage in stages:
            progress({"stage": stage, "done": 0, "total": 0, "unit": "steps", "detail": ""})
            await self._wait()
            if stage == "encrypt":
                for half in range(2):
                    told = {"stage": stage, "done": half * 4_194_304, "total": 8_388_608}
                    progress({**told, "unit": "bytes", "detail": ""})
                    self.tick()
                    self.tick()
            if self.hold_at == stage:
                await self.cancelled.wait()
            if self.cancelled.is_set():
                self.cancelled.clear()
                raise EngineError("Cancelled", "Cancelled.", exit_code=130)

    def _new_fingerprint(self) -> str:
        """Another one at each change, as it is with real keys."""
        self.new_keys += 1
        return NEW_FINGERPRINTS[(self.new_keys - 1) % len(NEW_FINGERPRINTS)]

    def _changed(self, path: str, *, retired: int = 0, master: bool = True) -> Answer:
        found = self.keys_of(path) or self.keys.setdefault(path, keys(""))
        before = found["fingerprint"]
        found["retired_slots"] += retired
        if master:
            fingerprint = self.to_come or self._new_fingerprint()
            self.to_come = ""
            found["fingerprint"] = self.databases[path]["fingerprint"] = fingerprint
            found["generation"] += 1
        return {
            "fingerprint": found["fingerprint"],
            "before": before,
            "generation": found["generation"],
            "retired_slots": found["retired_slots"],
            "settled": None,
            "warnings": [],
        }

    async def _change_passphrase(self, progress: Any, path: str, **_fields: Any) -> Answer:
        assert self.present
        await self._stages(progress, "derive", "commit")
        self.master = self.accepted
        return self._changed(path, retired=1)

    async def _change_retune(self, progress: Any, path: str, params: Answer, **_: Any) -> Answer:
        assert self.present
        await self._stages(progress, "derive", "commit")
        self.keys_of(path)["params"] = params
        return self._changed(path)

    async def _change_rotate(self, progress: Any, path: str, **_fields: Any) -> Answer:
        assert self.present
        await self._stages(progress, "check", "derive", "encrypt", "verify", "commit")
        self.keys_of(path)["retired_slots"] = 0
        told = {"tables": 12, "rows": 402_117, "seconds": 3.4, "lines_outdated": True}
        return {**self._changed(path), **told}

    async def _change_start_over(
        self, progress: Any, path: str, recovery: Answer, confirm: str, **_: Any
    ) -> Answer:
        assert path.endswith(f"/{confirm}")
        await self._stages(progress, "derive", "keys", "encrypt")
        self.moved = [f"{path}.replaced-20260820T085320Z"]
        return self._pending(path, recovery)

    async def _change_decrypt(
        self, progress: Any, path: str, file: str, confirm: str, **_: Any
    ) -> Answer:
        assert path.endswith(f"/{confirm}")
        await self._stages(progress, "derive", "encrypt", "verify")
        return {"copy": file, "tables": 12, "rows": 402_117, "warnings": []}

    async def _change_decrypt_by_kit(
        self, progress: Any, path: str, file: str, confirm: str, sheets: int
    ) -> Answer:
        return await self._change_decrypt(progress, path, file, confirm)

    def _pending(self, path: str, recovery: Answer) -> Answer:
        self.plan, self.path, self.proved = recovery, path, False
        self.to_come = self.to_come or self._new_fingerprint()
        return {
            "fingerprint": self.to_come,
            "database_id": "0f" * 16,
            "sidecar": f"{path}.crypto.json",
            "sheets": recovery["shares"],
            "threshold": recovery["threshold"],
            "holders": recovery["holders"],
            "original": False,
        }

    async def _change_recover(self, progress: Any, path: str, recovery: Answer, **_: Any) -> Answer:
        await self._stages(progress, "derive")
        return self._pending(path, recovery)

    async def _change_renew(self, progress: Any, path: str, recovery: Answer, **_: Any) -> Answer:
        assert self.present
        await self._stages(progress, "derive")
        return self._pending(path, recovery)

    async def _change_commit(self, _progress: Any, kit_saved: str, kit_proved: str) -> Answer:
        assert self.proved
        self.items_said = kit_saved
        return {**self._changed(self.path, retired=1), "moved": self.moved}

    async def _change_rehearse(self, progress: Any, path: str, sheets: int) -> Answer:
        await self._stages(progress, "verify")
        fingerprint = self.databases[path]["fingerprint"]
        return {"fingerprint": fingerprint, "lines_outdated": sheets > 1, "warnings": []}

    async def _change_verify_kit(self, progress: Any, path: str, sheets: int) -> Answer:
        await self._stages(progress, "verify")
        found = self.databases[path]["fingerprint"] or NEW_FINGERPRINTS[0]
        return {"fingerprint": found, "tables": 12, "rows": 402_117, "warnings": []}

    async def _change_settle(self, _progress: Any, path: str) -> Answer:
        self.databases[path].update(state="protected", reason="")
        return {"done": "An earlier change of the keys had been cut off; it was undone."}

    async def _operator_add(self, progress: Any, path: str, label: str, **_: Any) -> Answer:
        assert self.present
        await self._stages(progress, "derive", "commit")
        added = {"label": label, "created_at": "2026-08-20T08:53:20Z"}
        self.keys_of(path)["operators"].append(added)
        return self._changed(path, master=False)

    async def _operator_remove(self, progress: Any, path: str, label: str, **_: Any) -> Answer:
        assert self.present
        await self._stages(progress, "derive")
        found = self.keys_of(path)
        found["operators"] = [each for each in found["operators"] if each["label"] != label]
        return self._changed(path, retired=1, master=False)

    async def _operator_rename(
        self, progress: Any, path: str, label: str, new_label: str, **_: Any
    ) -> Answer:
        assert self.present
        await self._stages(progress, "derive")
        for each in self.keys_of(path)["operators"]:
            if each["label"] == label:
                each["label"] = new_label
        return self._changed(path, master=False)

    def _backup(self, path: str, file: str) -> Answer:
        return {
            "file": file,
            "kind": "database",
            "fingerprint": self.databases[path]["fingerprint"],
            "generation": 3,
            "created_at": "2026-08-20T08:53:20Z",
            "size": 8_421_376,
            "database_size": 8_388_608,
            "warnings": [],
        }

    async def _backup_make(self, progress: Any, path: str, file: str, **_: Any) -> Answer:
        assert self.present
        if file.endswith("exists.backup"):
            message = f"{file} exists and is not overwritten."
            raise EngineError("OutputExists", message, hint="Choose another name.")
        await self._stages(progress, "derive", "copy", "check")
        return self._backup(path, file)

    async def _backup_verify(self, progress: Any, path: str, file: str) -> Answer:
        await self._stages(progress, "check")
        return self._backup(path, file)

    async def _sidecar_restore(self, _progress: Any, path: str, file: str) -> Answer:
        kept = f"{path}.crypto.json.replaced-20260820T085320Z"
        fingerprint = self.databases[path]["fingerprint"] or NEW_FINGERPRINTS[0]
        self.databases[path].update(state="protected", fingerprint=fingerprint, reason="")
        return {
            "fingerprint": fingerprint,
            "generation": 3,
            "revision": 5,
            "kept": kept,
            "warnings": [],
        }
