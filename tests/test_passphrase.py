"""The same passphrase gives the same bytes; what cannot be typed again is refused, by name."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.engine import passphrase as module
from wizard.engine.errors import InvalidPassphrase, WeakPassphrase
from wizard.engine.kdf import KdfParams, _derive
from wizard.engine.passphrase import (
    MAXIMUM_CHARACTERS,
    PassphraseSource,
    check_strength,
    new_passphrase_from,
    passphrase_from,
    strength,
    strip_line_ending,
)
from wizard.engine.secret import Secret


def content(secret: Secret) -> bytes:
    with secret.expose() as view:
        return bytes(view)


def normal(source: PassphraseSource) -> bytes:
    with new_passphrase_from(source) as secret:
        return content(secret)


# Accepted ------------------------------------------------------------------------------------

ACCEPTED = [
    # Every line: what is given, and what becomes of it.
    ("correct horse", "correct horse"),
    (" spaces are kept  ", " spaces are kept  "),
    ("~ !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}", "~ !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}"),
    ("Case Is Kept", "Case Is Kept"),
    # RFC 8265 section 4.3, the examples that are valid.
    ("Correct Horse Battery Staple", "Correct Horse Battery Staple"),
    ("\u03c0\u00df\u00e5", "\u03c0\u00df\u00e5"),
    ("Jack of \u2666s", "Jack of \u2666s"),
    ("foo\u1680bar", "foo bar"),
    # Spaces of other kinds.
    ("a\u00a0b", "a b"),
    ("a\u2003b\u3000c\u202fd", "a b c d"),
    # Normal form C, whatever the keyboard or file system gave.
    ("cafe\u0301", "caf\u00e9"),
    ("\u1112\u1161\u11ab\u1100\u1173\u11af", "\ud55c\uae00"),
    ("\u212b", "\u00c5"),
    ("\ufb01", "\ufb01"),  # compatibility characters stay: NFC, not NFKC
    ("\uff21", "\uff21"),
    # Joiners where a script needs them.
    ("\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"),
    ("\U0001f600", "\U0001f600"),
    # The longest.
    ("x" * 1024, "x" * 1024),
    ("\u00e9" * 1024, "\u00e9" * 1024),
    ("e\u0301" * 1024, "\u00e9" * 1024),
    ("\U0001f600" * 1024, "\U0001f600" * 1024),
    ("\u0391\u0313\u0300\u0345" * 1024, "\u1f8a" * 1024),
]


@pytest.mark.parametrize(("given", "expected"), ACCEPTED, ids=range(len(ACCEPTED)))
def test_accepted(given: str, expected: str) -> None:
    """By whatever way it comes: text, bytes, a secret, or a call."""
    data = given.encode()
    for source in (
        given,
        data,
        bytearray(data),
        Secret.copy_of(data),
        lambda: given,
        lambda: lambda: bytearray(data),
    ):
        assert normal(source) == expected.encode()


def test_composed_and_decomposed_derive_the_same_key() -> None:
    """The point of it all: macOS and Linux, one database."""
    keys = set()
    for form in ("NFC", "NFD"):
        text = unicodedata.normalize(form, "Grüße\u00a0aus 서울")
        with new_passphrase_from(text) as passphrase:
            derived = _derive(passphrase, salt=bytes(16), params=KdfParams(8, 1, 1))
        keys.add(content(derived))
    assert len(keys) == 1


# Refused -------------------------------------------------------------------------------------

REFUSED = [
    ("empty", ""),
    ("empty", b""),
    ("too_long", "x" * 1025),
    ("too_long", "\u00e9" * 1025),
    ("too_long", b"x" * 1025),
    ("too_long", b"x" * 10**6),
    ("too_long", "x" * 10**6),
    ("too_long", "e\u0301" * 1025),
    ("too_long", "\u0301" * 1025),
    ("undecodable", b"caf\xe9"),
    ("undecodable", b"\xff\xfe"),
    ("undecodable", b"\xc0\xaf"),
    ("undecodable", b"\xed\xa0\x80"),
    ("undecodable", "caf\udce9"),
    ("undecodable", "\ud83d"),
    ("replacement", "caf\ufffd"),
    ("replacement", b"caf\xef\xbf\xbd"),
    ("control", "a\x00b"),
    ("control", b"\x00"),
    ("control", b"secret\n"),
    ("control", "tab\there"),
    ("control", "\x7f"),
    ("control", "\x1b[A"),
    ("control", "a\u0085b"),
    ("control", "\u00e9\x00"),
    ("control", "a\u2028b"),
    ("control", "a\u2029b"),
    ("unassigned", "a\u0378"),
    ("unassigned", "a\ufdd0"),
    ("unassigned", "a\U0010ffff"),
    ("invisible", "a\u00adb"),
    ("invisible", "a\u200bb"),
    ("invisible", "a\u200db"),
    ("invisible", "\u200d"),
    ("invisible", "\ufeffpassword"),
    ("invisible", "a\u202eb"),
    ("invisible", "\u2764\ufe0f"),
    ("invisible", "a\u3164b"),
    ("disallowed", "a\ue000"),
    ("disallowed", "a\U000f0000"),
    ("disallowed", "\u1100"),
    ("disallowed", "\ua960"),
    ("disallowed", "\u0640"),
]


@pytest.mark.parametrize(("code", "source"), REFUSED, ids=range(len(REFUSED)))
def test_refused(code: str, source: str | bytes) -> None:
    """With a code for programs, and a sentence that gives nothing away."""
    with pytest.raises(InvalidPassphrase) as raised:
        new_passphrase_from(source)
    assert raised.value.code == code
    assert str(raised.value) == module._MESSAGES[code]
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_every_code_has_a_refusal() -> None:
    """So that no message is untested."""
    assert {code for code, _ in REFUSED} == set(module._MESSAGES)


@pytest.mark.parametrize("source", [None, 5, ["a"], memoryview(b"a")])
def test_other_kinds_of_source_are_a_mistake_of_the_program(source: object) -> None:
    """The message names the type, never the value."""
    with pytest.raises(TypeError, match=f"from {type(source).__name__}"):
        new_passphrase_from(source)


@given(st.text(max_size=40))
def test_what_is_accepted_is_a_fixed_point(text: str) -> None:
    """Normalising twice changes nothing; text and its bytes agree, in result or refusal."""
    outcomes: list[object] = []
    for source in (text, text.encode(errors="surrogatepass")):
        try:
            outcomes.append(normal(source))
        except InvalidPassphrase as error:
            outcomes.append(error.code)
    # Bytes tell bad UTF-8 at once, text only where it stands.
    if outcomes[1] != "undecodable":
        assert outcomes[0] == outcomes[1]
    if isinstance(outcomes[0], bytes):
        assert normal(outcomes[0]) == outcomes[0]
        assert 0 < len(outcomes[0].decode()) <= MAXIMUM_CHARACTERS


def test_the_source_stays_the_callers() -> None:
    """A secret is not closed, a bytearray not wiped, and the result is another mapping."""
    secret, array = Secret.copy_of(b"abc"), bytearray(b"abc")
    made = [
        new_passphrase_from(secret),
        new_passphrase_from(array),
        new_passphrase_from(lambda: secret),
    ]
    for each in made:
        each.close()
    assert content(secret) == b"abc"
    assert array == b"abc"


def test_ascii_bytes_never_become_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """No `str` of the passphrase, which could not be wiped."""
    monkeypatch.setattr(module, "_from_text", None)
    assert normal(b"correct horse") == b"correct horse"
    assert normal(Secret.copy_of(b"correct horse")) == b"correct horse"


# Line endings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "left"),
    [
        (b"", b""),
        (b"a", b"a"),
        (b"a\n", b"a"),
        (b"a\r\n", b"a"),
        (b"a\n\n", b"a\n"),
        (b"a\r\n\r\n", b"a\r\n"),
        (b"a\r", b"a\r"),
        (b"a\n\r", b"a\n\r"),
        (b"a\r\r\n", b"a\r"),
        (b"a \n", b"a "),
        (b"\n", b""),
        (b"\r\n", b""),
        (b"a\nb", b"a\nb"),
        (b"\x00\x0a", b"\x00"),
    ],
)
def test_exactly_one_line_ending_is_removed(given: bytes, left: bytes) -> None:
    """From both kinds of buffer, in place."""
    array, secret = bytearray(given), Secret.copy_of(given)
    strip_line_ending(array)
    strip_line_ending(secret)
    assert array == left
    assert content(secret) == left


# Strength ------------------------------------------------------------------------------------


def test_strength_of_a_weak_and_of_a_good_passphrase() -> None:
    """Score, guesses and advice, as zxcvbn gives them."""
    weak = strength(Secret.copy_of(b"password1"))
    assert weak.score <= 1
    assert 1 < weak.guesses_log10 < 5
    assert "Many people" in weak.warning
    assert weak.suggestions
    good = strength(Secret.copy_of(b"correct horse battery staple"))
    assert (good.score, good.warning) == (4, "")
    assert good.guesses_log10 > 12


def test_strength_of_nothing() -> None:
    """A meter starts here; zxcvbn itself would give 12 guesses' worth."""
    assert strength(Secret.allocate(0)).guesses_log10 == 0.0


@pytest.mark.parametrize("text", ["x7#Q" * 18, "ж7#Ю" * 18, "😀7漢Q" * 18])
def test_only_the_first_72_characters_count(text: str) -> None:
    """zxcvbn raises above 72; characters are counted, not bytes."""
    assert len(text) == 72
    first = strength(Secret.copy_of(text.encode()))
    assert strength(Secret.copy_of(text.encode() + b"more and more" * 50)) == first


def test_strength_knows_the_context() -> None:
    """The database's name is no passphrase for it."""
    secret = Secret.copy_of(b"customers-frankfurt")
    assert (
        strength(secret, context=["customers-frankfurt"]).guesses_log10
        < strength(secret).guesses_log10
    )


def test_strength_of_a_half_typed_character() -> None:
    """Bytes that are not (yet) UTF-8 are left out, and nothing is raised."""
    assert strength(Secret.copy_of(b"abc\xc3")) == strength(Secret.copy_of(b"abc"))


def test_a_passphrase_under_the_minimum_is_weak() -> None:
    """The edge is accepted; the error names both numbers."""
    secret = Secret.copy_of(b"password1")
    score = strength(secret).score
    assert check_strength(secret, score).score == score
    with pytest.raises(WeakPassphrase) as raised:
        check_strength(secret, score + 1)
    assert (raised.value.code, raised.value.score, raised.value.minimum) == (
        "weak",
        score,
        score + 1,
    )
    with pytest.raises(WeakPassphrase):
        check_strength(Secret.copy_of(b"customers-frankfurt"), 4, context=["customers-frankfurt"])


@pytest.mark.parametrize("text", ["a\u0378", "a\u00ad", "a\ue000", "a\u200d", "pass\U0001fae8"])
def test_what_another_unicode_may_allow_is_left_to_argon2(text: str) -> None:
    """A passphrase set under a newer Python must not be refused by an older one before it is tried."""
    assert len(passphrase_from(text)) == len(text.encode())


@pytest.mark.parametrize("source", ["", "a\0", "a\nb", b"\xff", "a\ufffd", "\udc80", "a" * 1025])
def test_what_no_version_could_have_set_is_refused_at_once(source: str | bytes) -> None:
    with pytest.raises(InvalidPassphrase):
        passphrase_from(source)


def test_no_exception_holds_the_bytes() -> None:
    """Not even as its context, where a debugger or a crash report would find them."""
    with pytest.raises(InvalidPassphrase) as raised:
        passphrase_from(b"hunter2-secret-\xff")
    assert raised.value.__context__ is None
    assert raised.value.__cause__ is None
