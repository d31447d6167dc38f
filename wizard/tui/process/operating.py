"""Operators added, removed and renamed; each answer says what is in force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from wizard import engine
from wizard.engine import InvalidInput, InvalidPassphrase
from wizard.tui.process.failures import under
from wizard.tui.process.fields import Field
from wizard.tui.process.wanted import (
    by_key,
    changed_answer,
    fingerprint_of,
    params_given,
    stoppable,
)

if TYPE_CHECKING:
    from wizard.engine import Secret
    from wizard.tui.process.present import Key
    from wizard.tui.process.request import Call, Request

Answer = Mapping[str, object]


def add_operator(request: Request, call: Call, key: Key, new: tuple[Secret, int]) -> Answer:
    """Let somebody open the data."""
    before = fingerprint_of(key.path)
    with under("label", InvalidInput), under(Field.FIRST, InvalidPassphrase):
        done = engine.add_operator(
            key.path,
            key.passphrase,
            request.text("label"),
            new[0],
            params=params_given(request),
            minimum_score=new[1],
            **stoppable(request, call, key),
        )
    return changed_answer(done, before)


def remove_operator(request: Request, call: Call, key: Key) -> Answer:
    """Take an operator's slot away."""
    before = fingerprint_of(key.path)
    done = engine.remove_operator(
        key.path, key.passphrase, request.text("label"), **by_key(request, call, key)
    )
    return changed_answer(done, before)


def rename_operator(request: Request, call: Call, key: Key) -> Answer:
    """Correct an operator's label."""
    before = fingerprint_of(key.path)
    with under("label", InvalidInput):
        done = engine.rename_operator(
            key.path,
            key.passphrase,
            request.text("label"),
            request.text("new_label"),
            **by_key(request, call, key),
        )
    return changed_answer(done, before)
