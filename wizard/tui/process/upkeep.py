"""What is asked of a protected database, and which of the secrets typed before each verb gets.

Secrets are copied by the main thread when a request arrives, and closed on the lane when it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from wizard.tui.process import by_sheets, copying, operating
from wizard.tui.process.changes import Changes
from wizard.tui.process.overview import overview
from wizard.tui.process.present import Present
from wizard.tui.process.request import Call, Request
from wizard.tui.process.sheets import MAXIMUM_SHEETS, Sheets

if TYPE_CHECKING:
    from wizard.engine import Secret
    from wizard.tui.process.acceptance import Acceptance
    from wizard.tui.process.lane import Post
    from wizard.tui.process.preparation import Preparation
    from wizard.tui.process.present import Key

Answer = Mapping[str, object]
Work = Callable[[Call], Answer]
Bind = Callable[[Request], Work]


class Upkeep:
    """The passphrase in force, the sheets given back, and the verbs that need them."""

    def __init__(self, acceptance: Acceptance, preparation: Preparation, *, post: Post) -> None:
        self._acceptance = acceptance
        self._present = Present(acceptance, post)
        self._sheets = Sheets()
        self._changes = Changes(preparation)

    def at_once(self) -> Mapping[str, Callable[[Request], Answer]]:
        """What the main thread answers."""
        return {
            "sheets.clear": self._sheets.clear,
            "sheets.put": self._sheets.put,
            "sheets.check": self._sheets.check,
            "sheets.read": self._sheets.read,
            "forget": self._forget,
        }

    def short(self) -> Mapping[str, Bind]:
        """What takes no time."""
        return {"overview": plain(overview)}

    def long(self) -> Mapping[str, Bind]:
        """What derives keys, or reads or writes much."""
        changes = self._changes
        return {
            "present.prove": self._present.prove,
            "change.passphrase": self._with_key_and_new(changes.passphrase),
            "change.retune": self._with_key(changes.retune),
            "change.check_sheets": self._with_sheets(by_sheets.check_sheets),
            "change.recover": self._recover,
            "change.renew": self._with_key(changes.renew),
            "change.start_over": self._with_new(changes.start_over),
            "change.rotate": self._with_key(changes.rotate),
            "change.decrypt": self._with_key(copying.decrypt),
            "change.decrypt_by_kit": self._with_sheets(copying.decrypt_by_kit),
            "change.rehearse": self._with_sheets(by_sheets.rehearse),
            "change.verify_kit": self._with_sheets(by_sheets.verify_kit),
            "change.commit": plain(changes.commit),
            "change.settle": plain(copying.settle),
            "operator.add": self._with_key_and_new(operating.add_operator),
            "operator.remove": self._with_key(operating.remove_operator),
            "operator.rename": self._with_key(operating.rename_operator),
            "backup.make": self._with_key(copying.backup),
            "backup.verify": plain(copying.verify_backup),
            "sidecar.restore": plain(copying.restore_sidecar),
        }

    def _with_key(self, function: Callable[[Request, Call, Key], Answer]) -> Bind:
        def bind(request: Request) -> Work:
            key = self._present.key(request.path("path"))

            def work(call: Call) -> Answer:
                with key.passphrase:
                    return function(request, call, key)

            return work

        return bind

    def _with_key_and_new(
        self, function: Callable[[Request, Call, Key, tuple[Secret, int]], Answer]
    ) -> Bind:
        def bind(request: Request) -> Work:
            new = self._acceptance.copy()
            key = self._present.key(request.path("path"))

            def work(call: Call) -> Answer:
                with key.passphrase, new[0]:
                    return function(request, call, key, new)

            return work

        return bind

    def _with_new(self, function: Callable[[Request, Call, tuple[Secret, int]], Answer]) -> Bind:
        def bind(request: Request) -> Work:
            new = self._acceptance.copy()

            def work(call: Call) -> Answer:
                with new[0]:
                    return function(request, call, new)

            return work

        return bind

    def _with_sheets(self, function: Callable[[Request, Call, list[str]], Answer]) -> Bind:
        def bind(request: Request) -> Work:
            sheets = self._sheets.texts(_sheet_count(request))
            return lambda call: function(request, call, sheets)

        return bind

    def _recover(self, request: Request) -> Work:
        sheets = self._sheets.texts(_sheet_count(request))
        new = self._acceptance.copy()

        def work(call: Call) -> Answer:
            with new[0]:
                return self._changes.recover(request, call, sheets, new)

        return work

    def _forget(self, request: Request) -> Answer:
        self._sheets.wipe()
        self._acceptance.wipe()
        return self._present.forget(request)


def _sheet_count(request: Request) -> int:
    return request.integer("sheets", lowest=1, highest=MAXIMUM_SHEETS)


def plain(function: Callable[[Request, Call], Answer]) -> Bind:
    """Work that is given no secret."""
    return lambda request: lambda call: function(request, call)
