"""Operators added, removed and renamed; each answer says what is in force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from wizard import engine
from wizard.engine import InvalidInput, InvalidPassphrase
from wizard.tui.process.changes import allowed, changed_answer, fingerprint_of, params_given
from wizard.tui.process.failures import FieldFault
from wizard.tui.process.fields import Field

if TYPE_CHECKING:
    from wizard.engine import Secret
    from wizard.tui.process.present import Key
    from wizard.tui.process.request import Call, Request

Answer = Mapping[str, object]


def add_operator(request: Request, call: Call, key: Key, new: tuple[Secret, int]) -> Answer:
    """Let somebody open the data."""
    before = fingerprint_of(key)
    try:
        done = engine.add_operator(
            key.path,
            key.passphrase,
            request.text("label"),
            new[0],
            keyfile=key.keyfile,
            params=params_given(request),
            minimum_score=new[1],
            allow_high_cost=allowed(request, key),
            progress=call.progress,
            cancel=call.cancel,
        )
    except InvalidPassphrase as error:
        raise FieldFault(Field.FIRST, error) from None
    except InvalidInput as error:
        raise FieldFault("label", error) from None
    return changed_answer(done, before)


def remove_operator(request: Request, call: Call, key: Key) -> Answer:
    """Take an operator's slot away."""
    before = fingerprint_of(key)
    done = engine.remove_operator(
        key.path,
        key.passphrase,
        request.text("label"),
        keyfile=key.keyfile,
        allow_high_cost=allowed(request, key),
        progress=call.progress,
    )
    return changed_answer(done, before)


def rename_operator(request: Request, call: Call, key: Key) -> Answer:
    """Correct an operator's label."""
    before = fingerprint_of(key)
    try:
        done = engine.rename_operator(
            key.path,
            key.passphrase,
            request.text("label"),
            request.text("new_label"),
            keyfile=key.keyfile,
            allow_high_cost=allowed(request, key),
            progress=call.progress,
        )
    except InvalidInput as error:
        raise FieldFault("label", error) from None
    return changed_answer(done, before)
