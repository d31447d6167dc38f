"""From keys to a passphrase: the fields of the screen, what is told about them, and what was taken.

All methods belong to the main thread; `Acceptance.accept` returns work for a lane, with copies of
its own, whose result comes back through ``post``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, cast

from wizard import engine, freed
from wizard.engine import InvalidPassphrase, Secret
from wizard.tui.process.failures import FieldFault
from wizard.tui.process.fields import Field, Fields
from wizard.tui.process.measuring import attack_answer, params_of
from wizard.tui.process.meter import Meter, Score

if TYPE_CHECKING:
    from wizard.engine import Measurement
    from wizard.tui.process.lane import Lane, Post
    from wizard.tui.process.request import Call, Request

Answer = Mapping[str, object]
Tell = Callable[[Answer], None]

HIGHEST_SCORE = 4

_MOST_WORDS = 64  # the engine's own limit is lower, and its sentence better


@dataclass(frozen=True, slots=True)
class Accepted:
    """A passphrase in normal form, and the score it had to have."""

    secret: Secret
    minimum_score: int
    characters: int


class Acceptance:
    """Answers the ``field`` and ``passphrase`` operations; ``tell`` carries its events."""

    def __init__(self, lane: Lane, *, tell: Tell, post: Post) -> None:
        self._fields = Fields()
        self._tell = tell
        self._post = post
        self._meter = Meter(lane, lambda score: self._report(Field.FIRST, score=score))
        self._accepted: Accepted | None = None
        self._supposed: Measurement | None = None
        self._drawn_log10 = 0.0
        self._wordprint = engine.Wordprint()

    def type(self, request: Request) -> Answer:
        """Take a key, or a pasted line, and tell what the field is like now."""
        field = request.choice("field", Field)
        refused = self._fields.type(field, request.text("text"))
        self._changed(field, refused=refused)
        return {}

    def erase(self, request: Request) -> Answer:
        """Take the last character away."""
        field = request.choice("field", Field)
        self._fields.erase(field)
        self._changed(field)
        return {}

    def clear(self, request: Request) -> Answer:
        """Wipe a field."""
        field = request.choice("field", Field)
        self._fields.clear(field)
        self._changed(field)
        return {}

    def reveal(self, request: Request) -> Answer:
        """Return the text of a field, for drawing only."""
        return {"text": self._fields.reveal(request.choice("field", Field))}

    def describe(self, request: Request) -> Answer:
        """Return a field's four words and its warnings, as codes, for a pause in the typing."""
        with self._fields.copy(request.choice("field", Field)) as typed:
            return self._described(typed)

    def suppose(self, request: Request) -> Answer:
        """Take what a guess costs from now on, and whose name is easily guessed; score anew."""
        if request.given("path"):
            self._meter.context = (request.path("path").stem,)
        if request.given("params"):
            params, seconds = params_of(request.part("params")), request.number("seconds")
            self._supposed = engine.Measurement(params, seconds, seconds, seconds, runs=1)
        if self._fields.characters(Field.FIRST):
            self._meter.score(self._fields.copy(Field.FIRST))
        return {}

    def generate(self, request: Request) -> Answer:
        """Draw a passphrase; it stays here, and `field.reveal` draws it on the screen if asked."""
        drawn = engine.generate_passphrase(request.integer("words", highest=_MOST_WORDS))
        with drawn.secret:
            self._fields.put(Field.GENERATED, drawn.secret)
        self._drawn_log10 = drawn.guesses_log10
        return {"words": drawn.words, "bits": drawn.bits, "guesses_log10": drawn.guesses_log10}

    def use_generated(self, _request: Request) -> Answer:
        """Put what was drawn into the first field, and empty the second: it has to be typed."""
        with self._fields.copy(Field.GENERATED) as drawn:
            self._fields.put(Field.FIRST, drawn)
        self._fields.clear(Field.SECOND)
        for field in (Field.FIRST, Field.SECOND):
            self._changed(field)
        return {}

    def state(self, _request: Request) -> Answer:
        """Tell whether a passphrase is accepted, and its length."""
        accepted = self._accepted
        return {
            "accepted": accepted is not None,
            "characters": accepted.characters if accepted else 0,
        }

    def forget(self, _request: Request) -> Answer:
        """Wipe the accepted passphrase and all fields."""
        self.wipe()
        return {}

    def wipe(self) -> None:
        """Hold nothing any longer that was typed."""
        self._install(None)

    def accept(self, request: Request) -> Callable[[Call], Answer]:
        """Return work that checks both fields; what passes becomes the session's passphrase.

        With the ``path`` that it is for, the database's name counts as a word easily guessed, as it
        will when it is prepared.
        """
        context = (request.path("path").stem,) if request.given("path") else ()
        drawn = self._fields.is_generated(Field.FIRST)
        minimum = request.integer("minimum_score", lowest=0, highest=HIGHEST_SCORE)
        first, second = self._fields.copy(Field.FIRST), self._fields.copy(Field.SECOND)

        def work(_call: Call) -> Answer:
            with first, second:
                accepted, score = _checked(first, second, minimum_score=minimum, context=context)
                described = self._described(first)
            # Posted before the answer, so it is in force when the screen reads the answer.
            self._post(lambda: self._install(accepted))
            strength = self._judged(score, drawn=drawn)
            return {"characters": accepted.characters, "strength": strength, **described}

        return work

    def copy(self) -> tuple[Secret, int]:
        """Return the accepted passphrase as the caller's own `Secret`, and its minimum score.

        Raises `FieldFault` if there is none.
        """
        accepted = self._accepted
        if accepted is None:
            missing = InvalidPassphrase("empty", "No passphrase has been chosen yet.")
            raise FieldFault(Field.FIRST, missing)
        with accepted.secret.expose() as view:
            return Secret.copy_of(view), accepted.minimum_score

    def typed(self, field: Field) -> Secret:
        """What stands in a field now, as the caller's own `Secret`."""
        return self._fields.copy(field)

    def clear_field(self, field: Field) -> None:
        """Wipe one field without telling of it."""
        self._fields.clear(field)

    def _install(self, accepted: Accepted | None) -> None:
        self._fields.clear_all()
        self._meter.drop()
        if self._accepted is not None:
            self._accepted.secret.close()
        self._accepted = accepted
        # Whatever was pasted, shown or rated has left texts that nobody can wipe.
        freed.overwrite()

    def _changed(self, field: Field, *, refused: str | None = None) -> None:
        self._report(field, refused=refused)
        if field is Field.FIRST and refused is None:
            if self._fields.characters(field):
                self._meter.score(self._fields.copy(field))
            else:
                self._meter.drop()

    def _report(
        self, field: Field, *, score: Score | None = None, refused: str | None = None
    ) -> None:
        accepted = self._accepted.secret if self._accepted else None
        if score is not None:
            score = self._judged(score, drawn=self._fields.is_generated(field))
        self._tell(
            {
                "event": "field",
                "field": field,
                "characters": self._fields.characters(field),
                "strength": score,
                "matches": self._fields.matches(field, accepted),
                "refused": refused,
            }
        )

    def _judged(self, score: Score, *, drawn: bool) -> Score:
        """Add what the guesses cost; what was drawn here is known exactly, whatever it looks like."""
        guesses = cast("float", score["guesses_log10"])
        if drawn:
            guesses = min(guesses, self._drawn_log10)
        supposed = self._supposed
        attack = None if supposed is None else attack_answer(guesses, supposed)
        return {**score, "guesses_log10": guesses, "attack": attack}

    def _described(self, typed: Secret) -> Answer:
        if not len(typed):
            return {"words": (), "warnings": ()}
        try:
            words = self._wordprint.of(typed)
        except InvalidPassphrase:
            words = ()
        return {"words": words, "warnings": engine.passphrase_warnings(typed)}


def _checked(
    first: Secret, second: Secret, *, minimum_score: int, context: tuple[str, ...]
) -> tuple[Accepted, Score]:
    """Return what was typed twice, in normal form; raises `FieldFault` about one of the fields."""
    passphrase = _normal(first, Field.FIRST)
    try:
        _compare(passphrase, second)
        try:
            strength = engine.check_strength(passphrase, minimum_score, context=context)
        except InvalidPassphrase as error:
            raise FieldFault(Field.FIRST, error) from None
        with passphrase.expose() as view:
            characters = len(str(view, "utf-8"))
    except BaseException:
        passphrase.close()
        raise
    return Accepted(passphrase, minimum_score, characters), asdict(strength)


def _compare(passphrase: Secret, second: Secret) -> None:
    with _normal(second, Field.SECOND) as repeated:
        if not passphrase.equals(repeated):
            mismatch = InvalidPassphrase("mismatch", "The two entries are not the same.")
            raise FieldFault(Field.SECOND, mismatch)


def _normal(typed: Secret, field: Field) -> Secret:
    try:
        return engine.new_passphrase_from(typed)
    except InvalidPassphrase as error:
        raise FieldFault(field, error) from None
