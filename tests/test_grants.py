"""Grants: any JWT library verifies them, and everything that is not one is refused."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from tests.databases import PASSPHRASE, make_plain
from tests.test_changing import with_operator
from tests.test_cli import environment, start
from tests.test_initialization import protect
from wizard import engine
from wizard.engine import InvalidInput, NotVerified, WrongPassphrase

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    directory = tmp_path_factory.mktemp("grants")
    for name in ("orders", "stock"):
        make_plain(directory / f"{name}.db", rows=1)
        protect(directory / f"{name}.db", directory, recovery=None)
    return directory


@pytest.fixture(scope="module")
def issued(place):
    return issue(place / "orders.db")


def issue(path, **changes):
    given = {"role": "operator", "subject": "backup job", "lifetime": DAY, "now": NOW}
    return engine.issue_grant(path, PASSPHRASE, **{**given, **changes})


def metadata(path):
    return engine.inspect(path).metadata


def test_a_grant_says_what_it_allows(place, issued):
    token, made = issued
    read = engine.verify_grant(token, metadata(place / "orders.db"), now=NOW)
    assert read == made
    assert (read.role, read.subject, read.generation) == (engine.Role.OPERATOR, "backup job", 1)
    assert read.expires_at - read.issued_at == 86400
    assert engine.claimed_database(token) == made.database_id


def test_another_library_verifies_it_with_the_public_key(place, issued):
    pem = metadata(place / "orders.db").public_key.pem()
    options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
    claims = jwt.decode(
        issued[0], pem, algorithms=["EdDSA"], audience="datafold-wizard", options=options
    )
    assert claims["role"] == "operator"
    assert claims["sub"] == "backup job"
    other = metadata(place / "stock.db").public_key.pem()
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(issued[0], other, algorithms=["EdDSA"], audience="datafold-wizard")


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forged(token, *, header=None, **claims):
    head, body, signature = token.split(".")
    padded = body + "=" * (-len(body) % 4)
    changed = {**json.loads(base64.urlsafe_b64decode(padded)), **claims}
    head = head if header is None else b64(json.dumps(header, separators=(",", ":")).encode())
    return f"{head}.{b64(json.dumps(changed, sort_keys=True, separators=(',', ':')).encode())}.{signature}"


FORGERIES = {
    "longer": lambda token: forged(token, exp=2**50),
    "higher role": lambda token: forged(token, role="owner"),
    "alg none": lambda token: forged(token, header={"alg": "none", "typ": "JWT"}),
    "alg none unsigned": lambda token: forged(token, header={"alg": "none"}).rpartition(".")[0] + ".",
    "alg HS256": lambda token: forged(token, header={"alg": "HS256", "typ": "JWT"}),
    "no signature": lambda token: token.rpartition(".")[0] + ".",
    "two parts": lambda token: token.rpartition(".")[0],
    "four parts": lambda token: token + ".x",
    "padded": lambda token: token + "==",
    "second spelling": lambda token: token[:-1] + chr(ord(token[-1]) + 1),
    "empty": lambda _token: "",
    "very long": lambda token: token + "A" * 10_000,
    "not ascii": lambda token: token + "ä",
    "line feed": lambda token: token + "\n",
    "unknown member": lambda token: forged(token, admin=True),
}  # fmt: skip


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_what_is_not_signed_by_the_master_key_is_refused(place, issued, forge):
    with pytest.raises(NotVerified) as caught:
        engine.verify_grant(forge(issued[0]), metadata(place / "orders.db"), now=NOW)
    assert issued[0][:40] not in str(caught.value)


@pytest.mark.parametrize("text", ["", "a.b.c", "..", "ä.ä.ä", "eyJ.eyJ.eyJ"])
def test_what_says_no_database_is_for_none(text):
    assert engine.claimed_database(text) is None


@pytest.mark.parametrize(
    ("moment", "accepted"),
    [
        (NOW - timedelta(minutes=2), False),
        (NOW - timedelta(seconds=30), True),
        (NOW + DAY - timedelta(seconds=1), True),
        (NOW + DAY, False),
        (NOW + 300 * DAY, False),
    ],
)
def test_it_has_a_beginning_and_an_end(place, issued, moment, accepted):
    if accepted:
        assert engine.verify_grant(issued[0], metadata(place / "orders.db"), now=moment)
    else:
        with pytest.raises(NotVerified):
            engine.verify_grant(issued[0], metadata(place / "orders.db"), now=moment)


def test_it_is_for_one_database(place, issued):
    with pytest.raises(NotVerified):
        engine.verify_grant(issued[0], metadata(place / "stock.db"), now=NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"lifetime": timedelta(0)},
        {"lifetime": timedelta(days=4000)},
        {"subject": ""},
        {"subject": "x" * 65},
        {"subject": "line\nfeed"},
    ],
)
def test_what_cannot_be_granted(place, changes):
    with pytest.raises(InvalidInput):
        issue(place / "orders.db", **changes)


def test_only_the_master_passphrase_grants(tmp_path):
    path = make_plain(tmp_path / "node.db", rows=1)
    protect(path, tmp_path)
    with_operator(path, passphrase="an operator's own passphrase 7")
    for wrong, error in (
        ("nope", WrongPassphrase),
        ("an operator's own passphrase 7", engine.NotPermitted),
    ):
        with pytest.raises(error):
            engine.issue_grant(
                path, wrong, role="owner", subject="x", lifetime=DAY, now=NOW
            )  # fmt: skip


def test_a_revoked_grant_is_refused_and_the_others_are_not(tmp_path):
    path = make_plain(tmp_path / "node.db", rows=1)
    protect(path, tmp_path)
    (first, grant), (second, _other) = issue(path), issue(path)
    before = metadata(path)
    with pytest.raises(WrongPassphrase):
        engine.revoke_grant(path, "nope", grant.id)
    engine.revoke_grant(path, PASSPHRASE, grant.id)
    after = metadata(path)
    assert after.revision == before.revision + 1
    assert (
        engine.revoke_grant(path, PASSPHRASE, grant.id).metadata.revoked_grants
        == after.revoked_grants
    )
    after = metadata(path)
    with pytest.raises(NotVerified, match="revoked"):
        engine.verify_grant(first, after, now=NOW)
    assert engine.verify_grant(second, after, now=NOW)
    with pytest.raises(InvalidInput):
        engine.revoke_grant(path, PASSPHRASE, "0123")
    events = [entry.event for entry in engine.read_log(path)]
    assert "grant" in events
    assert "revoke_grant" in events
    assert engine.verify_log(path, PASSPHRASE).signed
    # The database knows: the sidecar from before cannot be put back unnoticed.
    with engine.unlock(path, PASSPHRASE) as database:
        assert database.identity.revision == after.revision


def test_the_commands(place):
    def ran(*arguments):
        process = start(*arguments, cwd=place, env=environment(P=PASSPHRASE))
        out, err = process.communicate(timeout=60)
        return process.returncode, out.decode(), err.decode()

    secret = ("--passphrase", "env:P")
    wanted = ("--role", "auditor", "--subject", "me", "--for", "12h")
    code, out, err = ran("grant", "stock.db", *wanted, *secret, "--json")
    assert code == 0, err
    made = json.loads(out)
    found = engine.verify_grant(made["token"], metadata(place / "stock.db"), now=datetime.now(UTC))
    assert (found.role, found.id) == ("auditor", made["id"])
    code, out, err = ran("grant", "stock.db", *wanted, *secret)
    assert (code, out.count("."), out.startswith("eyJ")) == (0, 2, True)
    assert "grant revoke stock.db" in err
    assert ran("grant", "revoke", "stock.db", made["id"], *secret)[0] == 0
    with pytest.raises(NotVerified):
        engine.verify_grant(made["token"], metadata(place / "stock.db"), now=datetime.now(UTC))
    for arguments, code in (
        (("grant", "stock.db", "--role", "king", "--subject", "x"), 2),
        (("grant", "stock.db", "--role", "owner", "--subject", "x", "--for", "ever"), 2),
        (("grant", "none.db", *wanted, *secret), 15),
        (("grant", "revoke", "stock.db", "zz", *secret), 29),
        (("grant",), 2),
    ):
        assert ran(*arguments)[0] == code, arguments
