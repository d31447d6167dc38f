"""Step 4: what will be written where, in sentences, and the one agreement that starts it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from wizard import engine
from wizard.plain.asking import Back, Refused, say
from wizard.tui import wording
from wizard.tui.answers.kit import Plan

if TYPE_CHECKING:
    from wizard.plain.conversation import Talk

NONE = "none"
_OTHER = "other"
_NOBODY = "-"
_PLANS = (
    ("1of1", "One sheet: whoever has it opens the database"),
    ("2of3", "Any 2 of 3 sheets: one may be lost, one alone opens nothing"),
    ("3of5", "Any 3 of 5 sheets: two may be lost, two alone open nothing"),
    (_OTHER, "Other numbers"),
)
_PLAN_EXPLAINED = (
    "The recovery kit opens the database when the passphrase is forgotten: 33 words on one sheet, "
    "or on several of which some are needed. You see it in the last step and prove that you have it."
)
_ORIGINALS = (
    ("keep", "Keep the unencrypted original beside it, under a name that says so"),
    (
        "remove",
        "Delete it once the kit is proved; on SSDs and in backups its content may stay readable",
    ),
)


def agree(talk: Talk) -> None:
    """Set plan and original, tell what will be done, and ask. Raises `Back`, also on a no."""
    _choose_plan(talk)
    if _has_original(talk):
        talk.session.original = talk.asker.choose(
            "The unencrypted original",
            _ORIGINALS,
            given=talk.given.original,
            proposed=talk.session.original,
            name="original",
            explained="It is dealt with after the recovery kit has been proved, not before.",
        )
    _tell(talk)
    if not talk.asker.agree("Encrypt now", given=talk.given.confirm, name="confirm"):
        if talk.given.confirm is False:
            raise engine.Cancelled
        say("Not now. Nothing has been written; here is the step before.")
        raise Back


def without_kit(talk: Talk) -> bool:
    """Whether no recovery kit is wanted."""
    return talk.given.recovery == NONE


def _has_original(talk: Talk) -> bool:
    return talk.session.target is not None and talk.session.target.state == "plaintext"


def _choose_plan(talk: Talk) -> None:
    if without_kit(talk):
        say("Recovery kit: none. A lost passphrase is lost data.")
        return
    holders = talk.given.holders or ()
    if talk.given.recovery is not None:
        talk.session.plan = talk.asker.answer(
            "Recovery kit",
            lambda text: _plan(text, holders),
            given=talk.given.recovery,
            name="recovery",
        )
        return
    talk.session.plan = ask_plan(talk)


def ask_plan(talk: Talk) -> Plan:
    """Who keeps the kit, and how many sheets it takes. Raises what `Asker.line` raises."""
    before = talk.session.plan
    usual = f"{before.threshold}of{before.shares}"
    chosen = talk.asker.choose(
        "Who keeps the recovery kit",
        _PLANS,
        proposed=usual if usual in dict(_PLANS) else _OTHER,
        name="recovery",
        explained=_PLAN_EXPLAINED,
    )
    if chosen == _OTHER:
        plan = talk.asker.answer(
            "How many sheets are needed, of how many (such as 2of4)",
            lambda text: _plan(text, ()),
            name="recovery",
            explained=_PLAN_EXPLAINED,
        )
    else:
        plan = _plan(chosen, ())
    if plan.shares == 1:
        return plan
    kept = ", ".join(before.holders) if len(before.holders) == plan.shares else ""
    return talk.asker.answer(
        "Who keeps them (names with commas between, or - for none)",
        lambda text: _with_holders(plan, text),
        proposed=kept or _NOBODY,
        name="holders",
        explained="The names are printed on the sheets.",
    )


def _plan(text: str, holders: tuple[str, ...]) -> Plan:
    try:
        plan = engine.RecoveryPlan.parse(text, holders=holders)
    except engine.InvalidInput as error:
        raise Refused(str(error)) from None
    return Plan(plan.threshold, plan.shares, holders)


def _with_holders(plan: Plan, text: str) -> Plan:
    holders = tuple(part.strip() for part in text.split(",") if part.strip())
    if text == _NOBODY:
        holders = ()
    return _plan(f"{plan.threshold}of{plan.shares}", holders)


def _tell(talk: Talk) -> None:
    session = talk.session
    if session.target is None or session.choice is None or session.choice.parameters is None:
        raise AssertionError("the steps before have set them")
    path, parameters = Path(session.target.path), session.choice.parameters
    cipher = wording.CIPHER_NAMES[session.cipher or session.recommended_cipher]
    say()
    say("This will be done, and nothing has been written before:")
    if _has_original(talk):
        copied = wording.size(session.target.size or 0)
        seconds = session.target.seconds
        takes = "" if seconds is None else f", {wording.about(seconds)}"
        say(
            f"  An encrypted copy of {path} ({copied}{takes}) is made beside it with {cipher}; every "
            "row is compared. Until the end the original is only read, and other programs wait."
        )
        say(f"  Then the copy takes the name {path.name}, once the recovery kit has been proved.")
        kept = "deleted" if session.original == "remove" else "kept under a name that says so"
        say(f"  The unencrypted original is {kept}.")
    else:
        say(f"  {path} is made: a new, empty database, encrypted with {cipher}.")
    say(f"  {path.name}.crypto.json is written beside it; it is public and holds no secret.")
    say(f"  {path.name}.audit.jsonl notes what is done with the keys; it holds no secret, too.")
    time = session.choice.seconds
    takes = "" if time is None else f" about {wording.seconds(time)} and"
    say(f"  Unlocking takes{takes} {wording.memory(parameters.memory_kib)} on this machine.")
    say(f"  {_kit_sentence(talk)}")
    say("  No other file is touched.")


def _kit_sentence(talk: Talk) -> str:
    plan = talk.session.plan
    if without_kit(talk):
        return "No recovery kit is made."
    if plan.shares == 1:
        return "One sheet with 33 words will open the database without the passphrase."
    return f"Any {plan.threshold} of {plan.shares} sheets will open it without the passphrase."
