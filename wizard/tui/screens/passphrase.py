"""Step 2: the passphrase, twice; this process sees single keys, lengths, scores and codes only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual import on
from textual.containers import Horizontal
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Label, Static

from wizard.tui import ways
from wizard.tui.answers.cost import Choice
from wizard.tui.answers.strength import Strength
from wizard.tui.engine_client import EngineError
from wizard.tui.glyphs import CHECK, CROSS
from wizard.tui.messages import FieldState
from wizard.tui.parameters import Parameters
from wizard.tui.screens.base import Fault, StepScreen
from wizard.tui.screens.complaint import complaint
from wizard.tui.screens.help import Explanation
from wizard.tui.screens.passphrase_words import (
    PASSPHRASE_HELP,
    basis_sentence,
    lead,
    minimum_sentence,
    typed_words,
    warning_lines,
)
from wizard.tui.screens.random_words import RandomWordsScreen, drawn_sentence
from wizard.tui.widgets.action import Action
from wizard.tui.widgets.secret_field import MISSING, SecretField
from wizard.tui.widgets.strength_meter import StrengthMeter

REST_SECONDS = 0.8
"""How long typing pauses before words, warnings and advice are drawn: no key pays for them."""

_FIELDS = ("first", "second")
_COST_STEP = 3  # in setting up
# Until step 3 has measured what is chosen there: RFC 9106's set for little memory.
_ASSUMED = Parameters(memory_kib=64 * 1024, passes=3, lanes=4)


class PassphraseScreen(StepScreen):
    """Two secret fields, four words for what arrived, and a meter."""

    STEP: ClassVar[int] = 2
    TITLE_TEXT: ClassVar[str] = "the passphrase"
    EXPLAINED: ClassVar[Explanation] = PASSPHRASE_HELP
    HINTS: ClassVar[str] = "Enter next   F2 show or hide   Esc back   F1 help   Ctrl+C quit"

    def __init__(self, *, notice: str = "") -> None:
        super().__init__(notice=notice)
        self._rest: Timer | None = None
        self._words: dict[str, tuple[str, ...]] = {}

    def page(self) -> Iterable[Widget]:
        """Advice, both fields, their messages, the four words, and the meter."""
        yield Static(Content.styled(lead(self.session), "bold"), classes="lead")
        with Horizontal(classes="row"):
            yield Label("Passphrase", classes="name")
            yield SecretField("first", self.engine)
        yield Static(id="secret-first-message", classes="under")
        with Horizontal(id="second-row", classes="row"):
            yield Label("Once more", classes="name")
            yield SecretField("second", self.engine)
            yield Static(id="agreement")
        yield Static(id="secret-second-message", classes="under")
        with Horizontal(id="words-row"):
            yield Label("Four words", classes="name")
            yield Static(typed_words(self.session.passphrase_words, (), ()), id="four-words")
        yield StrengthMeter(self.session.minimum_score)
        yield Static(Content.styled(minimum_sentence(self.session.minimum_score), "dim"), id="why")

    def actions(self) -> Iterable[Action]:
        """Going on, and the way for those who have no passphrase yet."""
        yield Action("Next", id="next")
        yield Action("Random words…", id="random")
        yield Action("Back", id="back")

    def first_focus(self) -> str:
        """The first field."""
        return "#secret-first"

    def on_mount(self) -> None:
        """Start with empty fields, whatever was left unfinished, and let the meter know the cost."""
        for field in (*_FIELDS, "generated"):
            self.engine.send("field.clear", field=field)
        self.query_one(StrengthMeter).show(None)
        self.attempt(self._suppose(), group="suppose")
        self.attempt(self._ask_policy(), group="policy")

    def on_unmount(self) -> None:
        """What was typed and not accepted is wiped."""
        for field in (*_FIELDS, "generated"):
            self.engine.send("field.clear", field=field)

    async def _ask_policy(self) -> None:
        if self.session.target is None:
            return
        answer = await self.engine.request("policy", path=self.session.target.path)
        self.session.minimum_score = answer["minimum_score"]
        self.query_one(StrengthMeter).minimum = answer["minimum_score"]
        why = Content.styled(minimum_sentence(answer["minimum_score"]), "dim")
        self._say("#why", why)

    # What one guess costs --------------------------------------------------------------------

    async def _suppose(self) -> None:
        target, standing = self.session.target, self.session.standing
        chosen = standing or self.session.choice
        if target is not None:
            self.engine.send("meter.suppose", path=target.path)
        measured = chosen is not None and chosen.seconds is not None
        if not measured and self.session.assumed is None:
            fields: dict[str, Any] = _ASSUMED.as_fields()
            answer = await self.engine.request("measure", **fields, allow_high_cost=False)
            self.session.assumed = Choice.from_answer("assumed", answer)
        basis = chosen if measured else self.session.assumed
        if basis is None or basis.parameters is None or basis.seconds is None:
            return
        cost_step = ways.position(self.session, "derivation") or _COST_STEP
        since = "as it is now" if standing else f"chosen in step {cost_step}"
        if not measured:
            since = f"assumed until step {cost_step}"
        self.engine.send(
            "meter.suppose", params=basis.parameters.as_fields(), seconds=basis.seconds
        )
        self.query_one(StrengthMeter).show_basis(basis_sentence(basis, since))

    # The engine's word -----------------------------------------------------------------------

    def on_field_state(self, message: FieldState) -> None:
        """Draw lengths, strength and agreement."""
        if message.field not in _FIELDS or self.left:
            return
        field = self.query_one(f"#secret-{message.field}", SecretField)
        before = field.characters
        field.characters = message.characters
        scored = message.strength is not None or message.characters == 0
        if message.field == "first" and scored:
            self.query_one(StrengthMeter).show(message.strength)
        if message.refused:
            self._under(message.field, message.refused)
        elif message.characters > before and not field.incomplete:
            self._under(message.field, "")
        if message.characters != before:
            self._wait_for_rest()
        self._show_agreement(message.matches)

    def _under(self, field: str, sentence: str) -> None:
        content = complaint(sentence)
        self._say(f"#secret-{field}-message", content)

    def _say(self, selector: str, content: Content) -> None:
        part = self.query_one(selector, Static)
        if part.content != content:
            part.update(content)

    def _show_agreement(self, matches: bool | None) -> None:  # noqa: FBT001 - the engine's own value
        second = self.query_one("#secret-second", SecretField).characters
        if not second or matches is None:
            content = Content("")
        elif matches:
            content = Content.styled(f"{CHECK} the same", "$success")
        else:
            content = Content.styled("· not yet the same", "dim")
        agreement = self.query_one("#agreement", Static)
        if agreement.content != content:
            agreement.update(content, layout=False)

    # At a pause ------------------------------------------------------------------------------

    def _wait_for_rest(self) -> None:
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(REST_SECONDS, self._describe)

    def _describe(self) -> None:
        if self._rest is not None:
            self._rest.stop()
            self._rest = None
        if self.left:
            return
        self.query_one(StrengthMeter).show_advice()
        self.attempt(self._show_description(), group="describe")

    async def _show_description(self) -> None:
        for field in _FIELDS:
            answer = await self.engine.request("field.describe", field=field)
            self._words[field] = tuple(answer["words"])
            if field == "first":
                self._warn(answer["warnings"])
        self._say(
            "#four-words",
            typed_words(
                self.session.passphrase_words, *(self._words.get(field, ()) for field in _FIELDS)
            ),
        )

    def _warn(self, codes: list[str]) -> None:
        under = self.query_one("#secret-first-message", Static)
        if not str(under.content).startswith(CROSS):
            self._say("#secret-first-message", warning_lines(codes))

    @on(SecretField.Refused)
    def _refused(self, event: SecretField.Refused) -> None:
        name = str(event.field.id).removeprefix("secret-")
        self._under(name, event.sentence)

    @on(SecretField.Submitted, "#secret-first")
    def _first_submitted(self) -> None:
        field = self.query_one("#secret-first", SecretField)
        if field.filled and not field.incomplete:
            self._describe()
            self.query_one("#secret-second").focus()
        else:
            self.action_next()

    @on(SecretField.Submitted, "#secret-second")
    def _second_submitted(self) -> None:
        self.action_next()

    # Random words ----------------------------------------------------------------------------

    @on(Action.Pressed, "#random")
    def _offer_random(self) -> None:
        def used(drawn: dict[str, Any] | None) -> None:
            if drawn is None:
                self.query_one("#secret-first").focus()
                return
            self.query_one("#secret-second").focus()
            sentence = f"{drawn_sentence(drawn)}. Now type them, from your note."
            self._say("#secret-second-message", Content.styled(sentence, "bold"))

        self.app.push_screen(RandomWordsScreen(self.engine), used)

    # Going on --------------------------------------------------------------------------------

    def validate(self) -> Fault | None:
        """Both fields filled, or both empty when a passphrase is set; nothing missing in them."""
        for name in _FIELDS:
            if self.query_one(f"#secret-{name}", SecretField).incomplete:
                return Fault(MISSING, f"#secret-{name}")
        first = self.query_one("#secret-first", SecretField).filled
        second = self.query_one("#secret-second", SecretField).filled
        if not first and not second and self.session.passphrase_characters is not None:
            return None
        if not first:
            return Fault("Type a passphrase, or take “Random words” below.", "#secret-first")
        if not second:
            return Fault("Type it once more, to be sure of every key.", "#secret-second")
        return None

    async def proceed(self) -> None:
        """Let the engine check and keep it."""
        if self.query_one("#secret-first", SecretField).filled:
            target = self.session.target
            place: dict[str, Any] = {"path": target.path} if target else {}
            try:
                answer = await self.engine.request(
                    "passphrase.accept", minimum_score=self.session.minimum_score, **place
                )
            except EngineError as error:
                self._not_accepted(error)
                return
            self.session.passphrase_characters = answer["characters"]
            self.session.passphrase_words = tuple(answer["words"])
            self.session.strength = Strength.from_answer(answer["strength"])
        self.go_on()

    def _not_accepted(self, error: EngineError) -> None:
        field = error.field or "first"
        if error.error_class not in {"InvalidPassphrase", "WeakPassphrase"}:
            self.show_error(error)
            return
        if field == "second":
            self.engine.send("field.clear", field="second")
        # Behind the lengths that are still on their way here: a growing one takes a message away.
        self.call_later(self.show_fault, Fault(error.message, f"#secret-{field}"))

    def go_back(self) -> None:
        """To the list."""
        self.return_to()
