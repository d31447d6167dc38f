"""The API over real connections: what it does, what it refuses, and what it never says."""

from __future__ import annotations

import base64
import json
import re
import signal
import sqlite3
import stat
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

import wizard
from tests.api_server import CHEAP, PASSPHRASE, configure, init, node_token, problem, serving
from tests.databases import make_plain
from tests.test_initialization import protect
from wizard import engine

EVERY_ANSWER = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
}


@pytest.fixture
def config(tmp_path):
    return configure(tmp_path, "orders", "stock")


def test_a_database_is_initialized_and_opens_after_a_restart(config, tmp_path):
    make_plain(tmp_path / "orders.db", rows=7)
    key = str(uuid.uuid4())
    with serving(config) as server, server.client(server.told["bootstrap_token"]) as client:
        answer = init(client, "orders", key=key, original="remove")
        assert answer.status_code == 201, answer.text
        done = answer.json()
        assert answer.headers["location"] == "/api/crypto/status/orders"
        status = client.get(answer.headers["location"]).json()
        assert status["state"] == "protected"
        assert status["metadata"]["fingerprint"] == done["fingerprint"]
        assert done["metadata"] == status["metadata"]
        assert done["passphrase"] is None
        assert server.stop() == 0
    with serving(config) as server, server.client(node_token(config)) as client:
        opened = client.post(
            "/api/crypto/unlock", json={"database": "orders", "passphrase": PASSPHRASE}
        )
        assert opened.status_code == 200
        assert opened.json()["fingerprint"] == done["fingerprint"]
        # The kit can still be fetched by who has the key, and by nobody else.
        query, header = {"database": "orders"}, {"Idempotency-Key": key}
        assert client.get("/api/crypto/receipt", params=query, headers=header).json() == done
        other = {"Idempotency-Key": str(uuid.uuid4())}
        assert problem(client.get("/api/crypto/receipt", params=query, headers=other))[0] == 404
        assert client.delete("/api/crypto/receipt", params=query, headers=header).status_code == 204
        assert problem(client.get("/api/crypto/receipt", params=query, headers=header))[0] == 404
        assert list((tmp_path / "receipts").iterdir()) == []
    with wizard.unlock(tmp_path / "orders.db", PASSPHRASE) as database:
        assert database.connection.execute("SELECT count(*) FROM customers").get == 7
    sheets = [sheet["text"] for sheet in done["kit"]["sheets"]]
    with wizard.unlock(tmp_path / "orders.db", recovery=sheets) as database:
        assert database.connection.execute("SELECT count(*) FROM customers").get == 7


def test_the_same_request_has_one_answer_and_another_has_none(config):
    with serving(config) as server, server.client(server.told["bootstrap_token"]) as client:
        key = str(uuid.uuid4())
        drawn = {"passphrase": ..., "generate_words": 6}
        first = init(client, "stock", key=key, **drawn)
        again = init(client, "stock", key=key, **drawn)
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()
        assert problem(init(client, "stock", key=key)) == (422, "invalid_request")
        assert problem(init(client, "stock")) == (409, "already_protected")
        passphrase = first.json()["passphrase"]
        assert len(passphrase.split()) == 6
    with wizard.unlock(config.parent / "stock.db", passphrase):
        pass


def test_a_receipt_is_sealed_and_its_name_says_nothing(config, tmp_path):
    key = str(uuid.uuid4())
    with serving(config) as server, server.client(server.told["bootstrap_token"]) as client:
        done = init(client, "stock", key=key, passphrase=..., generate_words=6).json()
    (receipt,) = (tmp_path / "receipts").iterdir()
    data = receipt.read_bytes()
    assert stat.S_IMODE(receipt.stat().st_mode) == 0o600
    assert stat.S_IMODE(receipt.parent.stat().st_mode) == 0o700
    for word in (done["passphrase"], done["kit"]["sheets"][0]["words"][7], "orders", key[:8]):
        assert word.encode() not in data
    assert key not in receipt.name


def test_a_receipt_of_a_killed_run_answers_nothing(config, tmp_path):
    """Written, and then killed before the database was replaced: the request begins again."""
    key = str(uuid.uuid4())
    with serving(config) as server, server.client(server.told["bootstrap_token"]) as client:
        first = init(client, "stock", key=key).json()
        server.stop()
    for path in tmp_path.glob("stock.db*"):
        path.unlink()
    with serving(config) as server, server.client(server.told["bootstrap_token"]) as client:
        second = init(client, "stock", key=key)
        assert second.status_code == 201
        assert second.json()["database_id"] != first["database_id"]


def test_a_hundred_at_once_one_is_done(config):
    with serving(config) as server:
        token = server.told["bootstrap_token"]
        key = [str(uuid.uuid4()) for _ in range(100)]

        def one(number):
            with server.client(token) as client:
                return init(client, "orders", key=key[number], passphrase=f"{PASSPHRASE} {number}")

        with ThreadPoolExecutor(100) as pool:
            answers = list(pool.map(one, range(100)))
        codes = [answer.status_code for answer in answers]
        assert (codes.count(201), codes.count(409)) == (1, 99), codes
        winner = codes.index(201)
    with wizard.unlock(config.parent / "orders.db", f"{PASSPHRASE} {winner}"):
        pass


def test_fifty_at_once_stay_within_the_budget_and_none_is_lost(tmp_path):
    names = [f"n{number}" for number in range(50)]
    config = configure(tmp_path, *names, api='memory_budget = "20MiB"')
    with serving(config) as server:
        token = server.told["bootstrap_token"]

        def one(name):
            import time

            key = str(uuid.uuid4())
            with server.client(token) as client:
                for _ in range(60):
                    answer = init(client, name, key=key)
                    if answer.status_code != 503:
                        return answer.status_code
                    assert problem(answer) == (503, "overloaded")
                    time.sleep(int(answer.headers["retry-after"]))
            return 0

        with ThreadPoolExecutor(50) as pool:
            assert set(pool.map(one, names)) == {201}
        with server.client(node_token(config)) as client:
            numbers = client.get("/metrics").text
    highest = re.search(r"^datafold_memory_admitted_highest_bytes (\S+)", numbers, re.MULTILINE)[1]
    assert 0 < float(highest) <= 20 * 1024 * 1024
    assert all(engine.inspect(tmp_path / f"{name}.db").state == "protected" for name in names)


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """A server with one protected and one absent database, and tokens of every kind."""
    directory = tmp_path_factory.mktemp("node")
    config = configure(directory, "orders", "stock", "other", api='memory_budget = "64MiB"')
    for name in ("orders", "other"):
        make_plain(directory / f"{name}.db", rows=2)
        protect(directory / f"{name}.db", directory)
    with serving(config) as server:
        server.config = config
        server.tokens = {role: node_token(config, role) for role in engine.Role}
        yield server


def test_every_answer_has_the_headers_and_errors_are_problems(node):
    with node.client(node.tokens["owner"]) as client, node.client() as stranger:
        for answer in (
            client.get("/healthz"),
            client.get("/api/crypto/status"),
            client.get("/nothing"),
            stranger.get("/nothing"),
            client.post(
                "/api/crypto/unlock", content=b"{", headers={"Content-Type": "application/json"}
            ),
            client.request("PATCH", "/api/crypto/status", json={}),
        ):
            for name, value in EVERY_ANSWER.items():
                assert answer.headers[name] == value, answer.url
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
            assert "server" not in answer.headers
            assert "access-control-allow-origin" not in answer.headers
            if answer.status_code >= 400:
                problem(answer)
        assert client.put("/api/crypto/status", json={}).headers["allow"] == "GET"


def test_development_is_marked_on_every_answer(tmp_path, node):
    config = configure(tmp_path, "orders", top='environment = "development"')
    with serving(config) as server, server.client() as client:
        assert "datafold-warning" in client.get("/healthz").headers
        assert "datafold-warning" in client.get("/nothing").headers
        assert "development" in server.log
    with node.client() as client:
        assert "datafold-warning" not in client.get("/healthz").headers


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"path": "/nothing"}, 404, "invalid_request"),
        ({"path": "/api/crypto/status/nope"}, 404, "invalid_request"),
        ({"method": "PUT", "path": "/api/crypto/status", "json": {}}, 405, "invalid_request"),
        ({"headers": {"Host": "evil.example"}}, 400, "invalid_request"),
        ({"headers": {"Authorization": ""}}, 401, "not_authenticated"),
        ({"headers": {"Authorization": "Basic Zm9v"}}, 401, "not_authenticated"),
        ({"headers": {"Authorization": "Bearer dfn_nope"}}, 401, "not_authenticated"),
        ({"method": "POST", "content": b"x" * 300_000}, 413, "invalid_request"),
        ({"method": "POST", "content": (b"x" * 1000 for _ in range(300))}, 413, "invalid_request"),
        ({"method": "POST", "content": b"{}", "headers": {"Content-Type": "text/plain"}}, 415,
         "invalid_request"),
        ({"method": "POST", "content": b"{}"}, 415, "invalid_request"),
        ({"method": "POST", "content": b"{", "headers": {"Content-Type": "application/json"}}, 422,
         "invalid_request"),
        ({"method": "POST", "json": {}}, 422, "invalid_request"),
        ({"method": "POST", "json": {"database": "stock", "passphrase": "x"}}, 404, "absent"),
        ({"method": "POST", "json": {"database": "orders", "passphrase": "x"}}, 403,
         "wrong_passphrase"),
        ({"method": "POST", "json": {"database": "orders", "passphrase": "\u0007"}}, 422,
         "invalid_passphrase"),
        ({"path": "/api/crypto/public-key/stock"}, 404, "absent"),
    ],
)  # fmt: skip
def test_what_is_refused(node, changes, status, code):
    headers = {"Authorization": f"Bearer {node.tokens['owner']}"} | changes.get("headers", {})
    method = changes.get("method", "GET")
    path = changes.get("path", "/api/crypto/unlock" if method == "POST" else "/api/crypto/status")
    if isinstance(changes.get("content"), bytes) is False and "content" in changes:
        headers["Content-Type"] = "application/json"
    if changes.get("content") == b"x" * 300_000:
        headers["Content-Type"] = "application/json"
    given = {name: changes[name] for name in ("json", "content") if name in changes}
    with node.client() as client:
        assert problem(client.request(method, path, headers=headers, **given)) == (status, code)


def test_each_member_that_is_wrong_is_named(node):
    body = {"database": "stock", "generate_words": 99, "cipher": "rot13", "extra": 1,
            "recovery": {"threshold": 1, "shares": 3}, "parameters": {"passes": "MARKER"}}  # fmt: skip
    with node.client(node.tokens["owner"]) as client:
        answer = client.post(
            "/api/crypto/init", json=body, headers={"Idempotency-Key": "short MARKER"}
        )
    assert problem(answer) == (422, "invalid_request")
    named = {each["field"] for each in answer.json()["errors"]}
    assert named >= {
        "Idempotency-Key", "generate_words", "cipher", "body", "recovery",
        "parameters.memory_kib", "parameters.passes",
    }  # fmt: skip
    assert "MARKER" not in answer.text


def test_policy_is_the_wizards(node):
    with node.client(node.tokens["owner"]) as client:
        weak = init(client, "stock", passphrase="password1")
        assert problem(weak) == (422, "weak_passphrase")
        cheap = init(
            client, "stock", parameters={"memory_kib": 19 * 1024 - 1, "passes": 2, "lanes": 1}
        )
        assert problem(cheap) == (422, "invalid_parameters")
        large = init(
            client, "stock", parameters={"memory_kib": 4 * 1024 * 1024, "passes": 2, "lanes": 1}
        )
        assert problem(large) == (422, "invalid_request")
        answer = client.post(
            "/api/crypto/validate", json={"database": "stock", "passphrase": "password1"}
        )
        judged = answer.json()
        assert (judged["valid"], judged["strength"]["score"]) == (False, 0)
        assert judged["errors"][0]["field"] == "passphrase"
        assert judged["parameters"] == CHEAP
        costly = {"database": "stock", "parameters": CHEAP | {"memory_kib": 2 * 1024 * 1024}}
        answer = client.post("/api/crypto/validate", json=costly)
        assert "memory budget" in answer.json()["errors"][0]["message"]
        good = client.post(
            "/api/crypto/validate", json={"database": "stock", "passphrase": PASSPHRASE}
        )
        assert good.json()["valid"]
        assert client.get("/api/crypto/status/stock").json()["state"] == "absent"


def test_the_public_key_in_every_form_and_a_signature_of_it(node, tmp_path):
    with node.client(node.tokens["auditor"]) as client:
        found = client.get("/api/crypto/public-key/orders").json()
        key = load_pem_public_key(found["pem"].encode())
        assert key.public_bytes_raw().hex() == found["hex"]
        point = found["jwk"]["x"]
        assert base64.urlsafe_b64decode(point + "=") == key.public_bytes_raw()
        assert found["openssh"].startswith("ssh-ed25519 ")
        # A grant is something that the master key has signed.
        token, _grant = engine.issue_grant(
            node.directory / "orders.db", "correct horse battery staple-7", role="auditor",
            subject="x", lifetime=timedelta(hours=1), now=datetime.now(UTC),
        )  # fmt: skip
        message, _, signature = token.rpartition(".")
        raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
        for text, valid in ((message, True), (message + "x", False)):
            body = {
                "database": "orders",
                "message": base64.b64encode(text.encode()).decode(),
                "signature": base64.b64encode(raw).decode(),
            }
            assert client.post("/api/crypto/verify", json=body).json()["valid"] is valid
        body["generation"] = 2
        assert problem(client.post("/api/crypto/verify", json=body)) == (422, "invalid_request")


ROUTES = {
    "status": lambda client: client.get("/api/crypto/status/orders"),
    "public-key": lambda client: client.get("/api/crypto/public-key/orders"),
    "verify": lambda client: client.post(
        "/api/crypto/verify", json={"database": "orders", "message": "", "signature": ""}
    ),
    "unlock": lambda client: client.post(
        "/api/crypto/unlock",
        json={"database": "orders", "passphrase": "correct horse battery staple-7"},
    ),
    "init": lambda client: init(client, "orders"),
}
ALLOWED = {
    "auditor": {"status": 200, "public-key": 200, "verify": 200, "unlock": 403, "init": 403},
    "operator": {"status": 200, "public-key": 200, "verify": 200, "unlock": 200, "init": 403},
    "owner": {"status": 200, "public-key": 200, "verify": 200, "unlock": 200, "init": 409},
}  # fmt: skip


@pytest.mark.parametrize("kind", ["node token", "grant"])
@pytest.mark.parametrize("role", ALLOWED)
def test_a_role_allows_what_it_says(node, role, kind):
    token = node.tokens[role] if kind == "node token" else grant(node, role=role)
    with node.client(token) as client:
        got = {name: ask(client).status_code for name, ask in ROUTES.items()}
    assert got == ALLOWED[role]


def grant(node, database="orders", **changes):
    given = {
        "role": "owner",
        "subject": "test",
        "lifetime": timedelta(hours=1),
        "now": datetime.now(UTC),
    }
    path = node.directory / f"{database}.db"
    return engine.issue_grant(path, "correct horse battery staple-7", **{**given, **changes})[0]


def unsigned(token):
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return ".".join([head, token.split(".")[1], ""])


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (grant, 200),
        (lambda node: grant(node, now=datetime.now(UTC) - timedelta(hours=2)), 401),
        (lambda node: grant(node, now=datetime.now(UTC) + timedelta(hours=2)), 401),
        (lambda node: grant(node, database="other"), 403),
        (lambda node: unsigned(grant(node)), 401),
        (lambda node: grant(node)[:-2] + "AA", 401),
        (lambda node: grant(node) + "\xe4", 401),
        (lambda _node: "eyJ.eyJ.eyJ", 401),
        (lambda node: node_token(node.config, "owner", "other"), 403),
    ],
)  # fmt: skip
def test_tokens_as_a_table(node, make, status):
    with node.client() as client:
        header = {"Authorization": f"Bearer {make(node)}".encode("latin-1")}
        assert client.get("/api/crypto/status/orders", headers=header).status_code == status


def test_a_grant_for_one_database_sees_no_other(node):
    with node.client(grant(node)) as client:
        assert [each["name"] for each in client.get("/api/crypto/status").json()["databases"]] == [
            "orders"
        ]
        assert problem(client.get("/api/crypto/status/nope")) == (403, "forbidden")
        numbers = client.get("/metrics").text
        assert 'datafold_database_state{database="orders",state="protected"} 1.0' in numbers
        assert not {"stock", "other"} & set(re.findall(r'database="(\w+)"', numbers))
    with node.client(node.tokens["auditor"]) as client:
        numbers = client.get("/metrics").text
        assert set(re.findall(r'database="(\w+)"', numbers)) == {"orders", "stock", "other"}


def test_a_foreign_key_and_a_revoked_grant_do_not_count(node, tmp_path):
    make_plain(tmp_path / "orders.db", rows=1)
    protect(tmp_path / "orders.db", tmp_path)
    foreign, _grant = engine.issue_grant(
        tmp_path / "orders.db", "correct horse battery staple-7", role="owner", subject="x",
        lifetime=timedelta(hours=1), now=datetime.now(UTC),
    )  # fmt: skip
    token, made = engine.issue_grant(
        node.directory / "other.db", "correct horse battery staple-7", role="owner", subject="x",
        lifetime=timedelta(hours=1), now=datetime.now(UTC),
    )  # fmt: skip
    with node.client(foreign) as client:
        assert problem(client.get("/api/crypto/status")) == (401, "not_authenticated")
    with node.client(token) as client:
        assert client.get("/api/crypto/status/other").status_code == 200
        engine.revoke_grant(node.directory / "other.db", "correct horse battery staple-7", made.id)
        assert problem(client.get("/api/crypto/status/other")) == (401, "not_authenticated")


def test_tokens_in_a_file_that_others_may_read_do_not_count(tmp_path):
    config = configure(tmp_path, "orders")
    token = node_token(config)
    with serving(config) as server, server.client(token) as client:
        assert client.get("/api/crypto/status").status_code == 200
        (tmp_path / "tokens.json").chmod(0o644)
        refused = client.get("/api/crypto/status")
        assert problem(refused)[0] == 500
        # Nobody who has not shown who he is learns where it stands; the administrator does.
        assert "tokens.json" not in refused.text
        assert "chmod 600" in server.log
        (tmp_path / "tokens.json").chmod(0o600)
        assert client.get("/api/crypto/status").status_code == 200
        stored = (tmp_path / "tokens.json").read_text()
        assert token not in stored
        assert token.removeprefix("dfn_") not in stored


def test_wrong_passphrases_are_slowed_down_and_the_right_one_gets_through(tmp_path):
    config = configure(tmp_path, "orders", "stock")
    for name in ("orders", "stock"):
        make_plain(tmp_path / f"{name}.db", rows=1)
        protect(tmp_path / f"{name}.db", tmp_path)
    with serving(config) as server, server.client(node_token(config)) as client:

        def attempt(passphrase, name="orders"):
            body = {"database": name, "passphrase": passphrase}
            return client.post("/api/crypto/unlock", json=body)

        codes = [attempt(f"wrong {number}").status_code for number in range(4)]
        assert codes == [403] * 4
        refused = attempt("correct horse battery staple-7")
        assert problem(refused) == (429, "throttled")
        wait = int(refused.headers["retry-after"])
        assert 1 <= wait <= 2
        # The client has to wait for the other database as well; another client does not.
        assert attempt("correct horse battery staple-7", "stock").status_code == 429
        with server.client(node_token(config)) as other:
            body = {"database": "stock", "passphrase": "correct horse battery staple-7"}
            assert other.post("/api/crypto/unlock", json=body).status_code == 200
            assert client.get("/api/crypto/status").status_code == 200
        import time

        time.sleep(wait)
        assert attempt("correct horse battery staple-7").status_code == 200
        assert attempt("correct horse battery staple-7").status_code == 200
        numbers = client.get("/metrics").text
    assert 'datafold_wrong_passphrases_total{database="orders"} 4.0' in numbers


def test_the_passphrase_is_changed_and_old_grants_end(tmp_path):
    config = configure(tmp_path, "orders")
    make_plain(tmp_path / "orders.db", rows=3)
    protect(tmp_path / "orders.db", tmp_path)
    old, new = "correct horse battery staple-7", "another one with zebra 42 in it"
    token, _grant = engine.issue_grant(
        tmp_path / "orders.db", old, role="owner", subject="x",
        lifetime=timedelta(hours=1), now=datetime.now(UTC),
    )  # fmt: skip
    with serving(config) as server, server.client(token) as client:
        body = {"database": "orders", "passphrase": "wrong one", "new_passphrase": new}
        assert problem(client.post("/api/crypto/passphrase", json=body)) == (
            403,
            "wrong_passphrase",
        )
        body["passphrase"] = old
        weak = client.post("/api/crypto/passphrase", json=body | {"new_passphrase": "password1"})
        assert problem(weak) == (422, "weak_passphrase")
        changed = client.post("/api/crypto/passphrase", json=body)
        assert changed.status_code == 200, changed.text
        assert changed.json()["generation"] == 2
        # The grant was of the generation before.
        assert problem(client.get("/api/crypto/status")) == (401, "not_authenticated")
        client.headers["Authorization"] = f"Bearer {node_token(config)}"
        for passphrase, status in ((old, 403), (new, 200)):
            body = {"database": "orders", "passphrase": passphrase}
            assert client.post("/api/crypto/unlock", json=body).status_code == status
        log = client.get("/api/crypto/audit/orders", params={"last": 50}).json()["entries"]
        events = {(entry["event"], entry["outcome"]) for entry in log}
        assert events >= {("change_passphrase", "done"), ("change_passphrase", "failed")}
        verified = client.get("/api/crypto/audit/orders/verification")
        assert verified.status_code == 200, verified.text
        assert verified.json()["signed"] > 0
        audit = tmp_path / "orders.db.audit.jsonl"
        lines = audit.read_bytes().splitlines(keepends=True)
        audit.write_bytes(b"".join(lines[:1] + lines[2:]))
        assert problem(client.get("/api/crypto/audit/orders/verification")) == (409, "audit_broken")
    with wizard.unlock(tmp_path / "orders.db", new) as database:
        assert database.connection.execute("SELECT count(*) FROM customers").get == 3


def ended(client, job):
    """Ask after a job until it has ended."""
    import time

    for _ in range(300):
        found = client.get(f"/api/jobs/{job['id']}").json()
        if found["state"] != "running":
            return found
        time.sleep(0.1)
    raise AssertionError(found)


def check_ranges(client, path, whole):
    """A download that was cut off goes on; any other Range is answered as if there were none."""

    def ask(asked):
        return client.get(path, headers={"Range": asked})

    for asked, start, end in (("bytes=700-", 700, None), ("bytes=5-9", 5, 10)):
        part = ask(asked)
        assert (part.status_code, part.content) == (206, whole[start:end])
    for asked in (
        "bytes=9-5",
        "bytes=-7",
        "items=0-1",
        "bytes=0-1,4-5",
        "bytes=a",
        "bytes=0-" * 99,
    ):
        answer = ask(asked)
        assert (answer.status_code, answer.content) == (200, whole), asked
    assert problem(ask(f"bytes={len(whole)}-")) == (416, "invalid_request")


def test_a_backup_is_made_as_a_job_and_downloaded(tmp_path):
    config = configure(tmp_path, "orders", "stock")
    make_plain(tmp_path / "orders.db", rows=3)
    protect(tmp_path / "orders.db", tmp_path)
    body = {"database": "orders", "passphrase": "correct horse battery staple-7"}
    with serving(config) as server, server.client(node_token(config, "operator")) as client:
        begun = client.post("/api/crypto/backup", json=body)
        assert begun.status_code == 202, begun.text
        assert begun.headers["location"] == f"/api/jobs/{begun.json()['id']}"
        done = ended(client, begun.json())
        assert (done["state"], done["problem"]) == ("done", None)
        file = client.get(f"/api/jobs/{done['id']}/file")
        assert file.status_code == 200
        assert len(file.content) == done["result"]["size"]
        (tmp_path / "saved").write_bytes(file.content)
        check_ranges(client, f"/api/jobs/{done['id']}/file", file.content)
        facts = engine.verify_backup(tmp_path / "saved")
        assert facts.fingerprint == done["result"]["fingerprint"]
        # Another database's token does not even see the job.
        with server.client(node_token(config, "owner", "stock")) as other:
            assert problem(other.get(f"/api/jobs/{done['id']}"))[0] == 404
        with server.client(node_token(config, "auditor")) as auditor:
            assert auditor.get(f"/api/jobs/{done['id']}").status_code == 200
            assert problem(auditor.get(f"/api/jobs/{done['id']}/file")) == (403, "forbidden")
            assert problem(auditor.delete(f"/api/jobs/{done['id']}")) == (403, "forbidden")
        assert client.delete(f"/api/jobs/{done['id']}").status_code == 204
        assert problem(client.get(f"/api/jobs/{done['id']}"))[0] == 404
        failed = ended(
            client, client.post("/api/crypto/backup", json=body | {"passphrase": "no"}).json()
        )
        assert (failed["state"], failed["problem"]["code"]) == ("failed", "wrong_passphrase")
        assert problem(client.get(f"/api/jobs/{failed['id']}/file"))[0] == 409
        client.post("/api/crypto/backup", json=body)
    assert list((tmp_path / "receipts/backups").iterdir()) == []
    restored = tmp_path / "elsewhere.db"
    engine.restore(tmp_path / "saved", to=restored)
    with wizard.unlock(restored, "correct horse battery staple-7") as database:
        assert database.connection.execute("SELECT count(*) FROM customers").get == 3


def test_the_data_key_is_rotated_as_a_job_with_progress_and_can_be_ended(tmp_path):
    config = configure(tmp_path, "orders")
    make_plain(tmp_path / "orders.db", rows=20_000)
    protect(tmp_path / "orders.db", tmp_path)
    body = {"database": "orders", "passphrase": "correct horse battery staple-7"}
    before = engine.inspect(tmp_path / "orders.db").metadata
    with serving(config) as server, server.client(node_token(config)) as client:
        begun = client.post("/api/crypto/rotate", json=body)
        assert begun.status_code == 202, begun.text
        # While it runs, nobody else changes the keys, and a status is answered.
        again = client.post("/api/crypto/rotate", json=body)
        assert problem(again) == (409, "busy")
        assert client.get("/api/crypto/status").status_code == 200
        done = ended(client, begun.json())
        assert done["state"] == "done", json.dumps(done)
        assert done["progress"]["stage"]
        after = engine.inspect(tmp_path / "orders.db").metadata
        assert after.data_key != before.data_key
        cut = client.post("/api/crypto/rotate", json=body).json()
        assert client.delete(f"/api/jobs/{cut['id']}").status_code == 204
        assert ended(client, cut)["state"] in {"cancelled", "done"}
        opened = client.post("/api/crypto/unlock", json=body)
        assert opened.status_code == 200, opened.text
        with server.client(node_token(config, "operator")) as operator:
            assert problem(operator.post("/api/crypto/rotate", json=body)) == (403, "forbidden")
    with wizard.unlock(tmp_path / "orders.db", body["passphrase"]) as database:
        assert database.connection.execute("SELECT count(*) FROM customers").get == 20_000


def test_the_recovery_sheets_set_a_new_passphrase(tmp_path):
    config = configure(tmp_path, "orders")
    make_plain(tmp_path / "orders.db", rows=3)
    protect(tmp_path / "orders.db", tmp_path)
    sheet = (tmp_path / "sheet-1.txt").read_text()
    body = {"database": "orders", "generate_words": 6, "sheets": [sheet]}
    key = {"Idempotency-Key": str(uuid.uuid4())}
    with serving(config) as server, server.client(node_token(config)) as client:
        other = sheet.replace("== RECOVERY WORDS", "== RECOVERY WRDS")
        refused = client.post("/api/crypto/recover", json=body | {"sheets": [other]}, headers=key)
        assert problem(refused) == (422, "invalid_recovery_phrase")
        answer = client.post("/api/crypto/recover", json=body, headers=key)
        assert answer.status_code == 200, answer.text
        done = answer.json()
        assert done["generation"] == 2
        assert client.post("/api/crypto/recover", json=body, headers=key).json() == done
        again = {"Idempotency-Key": str(uuid.uuid4())}
        used = client.post("/api/crypto/recover", json=body, headers=again)
        assert problem(used) == (403, "wrong_recovery_phrase")
        unlock = {"database": "orders", "passphrase": done["passphrase"]}
        assert client.post("/api/crypto/unlock", json=unlock).status_code == 200
        with server.client(node_token(config, "operator")) as operator:
            refused = operator.post("/api/crypto/recover", json=body, headers=again)
            assert problem(refused) == (403, "forbidden")
    words = sheet.split("== RECOVERY WORDS")[1].split("==")[0]
    assert not any(word in server.log for word in words.split() if len(word) > 6)
    with wizard.unlock(
        tmp_path / "orders.db", recovery=[done["kit"]["sheets"][0]["text"]]
    ) as database:
        assert database.connection.execute("SELECT count(*) FROM customers").get == 3


def test_a_unix_socket_trusts_its_owner_only_if_told(tmp_path):
    config = configure(tmp_path, "orders")
    place = ("--unix-socket", str(tmp_path / "api.sock"))
    with serving(config, *place) as server:
        assert stat.S_IMODE((tmp_path / "api.sock").stat().st_mode) == 0o660
        with server.client() as client:
            assert problem(client.get("/api/crypto/status"))[0] == 401
    assert not (tmp_path / "api.sock").exists()
    config = configure(tmp_path, "orders", api="trust_socket_owner = true")
    with serving(config, *place) as server, server.client() as client:
        assert client.get("/api/crypto/status").status_code == 200
        assert init(client, "orders").status_code == 201
        # A second server does not take the socket away; one that was killed leaves no obstacle.
        second = subprocess.run(
            [*server.process.args], capture_output=True, cwd=tmp_path, check=False, timeout=60
        )  # fmt: skip
        assert second.returncode == 38
        assert server.stop(signal.SIGKILL) == -9
    with serving(config, *place) as server, server.client() as client:
        assert client.get("/healthz").status_code == 200
    # Over TCP nobody is trusted for who he is.
    with serving(config) as server, server.client() as client:
        assert problem(client.get("/api/crypto/status"))[0] == 401


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "1",
         "-keyout", directory / "k.pem", "-out", directory / "c.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    (directory / "k.pem").chmod(0o600)
    return directory


def test_tls(tmp_path, certificate):
    import ssl

    config = configure(tmp_path, "orders")
    tls = ("--tls-cert", str(certificate / "c.pem"), "--tls-key", str(certificate / "k.pem"))
    with serving(config, *tls) as server:
        assert server.told["address"].startswith("https://")
        context = ssl.create_default_context(cafile=certificate / "c.pem")
        with server.client(verify=context) as client:
            assert "max-age" in client.get("/healthz").headers["strict-transport-security"]
    broken = [str(word).replace("c.pem", "k.pem") for word in server.process.args]
    refused = subprocess.run(
        broken, capture_output=True, text=True, cwd=tmp_path, check=False, timeout=60
    )
    assert (refused.returncode, "cannot be used" in refused.stderr) == (38, True)
    (certificate / "k.pem").chmod(0o644)
    refused = subprocess.run(
        [*server.process.args],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
        timeout=60,
    )
    assert (refused.returncode, "k.pem" in refused.stderr) == (38, True)


def test_beyond_loopback_needs_tls_in_production(tmp_path):
    import sys

    config = configure(tmp_path, "orders")
    command = [
        sys.executable,
        "-m",
        "wizard",
        "serve",
        "--config",
        str(config),
        "--host",
        "0.0.0.0",
    ]
    refused = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert refused.returncode == 38
    assert "only with TLS" in refused.stderr
    config = configure(tmp_path, "orders", top='environment = "development"')
    with serving(config, "--host", "0.0.0.0") as server:
        assert "without TLS" in server.log


def test_ready_says_whether_the_node_is_as_it_should_be(tmp_path):
    config = configure(tmp_path, "orders")
    with serving(config) as server, server.client() as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        assert (client.get("/readyz").status_code, client.get("/readyz").json()) == (
            503,
            {"ready": False},
        )
        with server.client(server.told["bootstrap_token"]) as owner:
            assert init(owner, "orders").status_code == 201
        assert client.get("/readyz").status_code == 200
        (tmp_path / "orders.db.crypto.json").write_bytes(b"{}")
        assert client.get("/readyz").status_code == 503


def test_status_notices_every_change(tmp_path):
    config = configure(tmp_path, "orders")
    with serving(config) as server, server.client(node_token(config)) as client:

        def state():
            return client.get("/api/crypto/status/orders").json()["state"]

        assert state() == "absent"
        make_plain(tmp_path / "orders.db", rows=1)
        assert state() == "plaintext"
        protect(tmp_path / "orders.db", tmp_path)
        assert state() == "protected"
        sidecar = tmp_path / "orders.db.crypto.json"
        data = sidecar.read_bytes()
        sidecar.write_bytes(data.replace(b"aegis", b"aegit"))
        assert state() == "damaged"
        sidecar.write_bytes(data)
        assert state() == "protected"
        with sqlite3.connect(tmp_path / "orders.db.plaintext-20260101T000000Z") as plain:
            plain.execute("CREATE TABLE t(x)")
        assert client.get("/api/crypto/status/orders").json()["plaintext_left"]


def test_a_marker_passphrase_is_in_no_answer_log_or_file(tmp_path):
    """Right and wrong, well-formed and not, through every route: and then looked for everywhere."""
    marker = "MARKERmarker zebra 42 quixotic"
    wrong = "MARKERwrong zebra 43 quixotic"
    config = configure(tmp_path, "orders", "stock")
    answers = []
    with serving(config) as server, server.client(node_token(config)) as client:
        token = client.headers["Authorization"].split()[1]
        described = client.get("/openapi.json").json()
        paths = [path for path in described["paths"] if path != "/openapi.json"]
        for passphrase in (
            marker,
            wrong,
            marker + "\x00",
            "\ud800" + marker,
            [marker],
            {marker: marker},
        ):
            for path in paths:
                for body in (
                    {"database": "orders", "passphrase": passphrase, "parameters": CHEAP},
                    {"database": "orders", "passphrase": passphrase},
                    {"database": passphrase, "passphrase": passphrase},
                    {"database": "orders", "passphrase": passphrase, "keyfile": passphrase},
                    {"database": "orders", "passphrase": marker, "generate_words": passphrase},
                    {"database": "orders", "message": passphrase, "signature": passphrase},
                    {"database": "orders", "passphrase": wrong, "new_passphrase": passphrase},
                    {"database": "orders", "passphrase": wrong, "sheets": [passphrase]},
                    passphrase,
                ):
                    content = json.dumps(body).encode()
                    headers = {
                        "Content-Type": "application/json",
                        "Idempotency-Key": str(uuid.uuid4()),
                    }
                    where = path.replace("{name}", "orders").replace("{id}", "x")
                    answers.append(client.post(where, content=content, headers=headers))
        body = {"database": "orders", "passphrase": wrong}
        answers += [client.post("/api/crypto/unlock", json=body) for _ in range(6)]
        answers += [
            client.post(
                "/api/crypto/unlock", content=f'{{"passphrase": "{marker}', headers=headers
            ),
            client.get("/api/crypto/status"),
            client.get("/metrics"),
            client.get("/openapi.json"),
        ]
        assert {answer.status_code for answer in answers} >= {200, 201, 403, 405, 409, 422, 429}
        assert all(answer.status_code < 500 for answer in answers)
        assert engine.inspect(tmp_path / "orders.db").state == "protected"
    for answer in answers:
        assert "MARKER" not in answer.text + str(answer.headers), answer.url
        assert token not in answer.text
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert b"MARKER" not in path.read_bytes(), path
            assert path.name == "tokens.json" or token.encode() not in path.read_bytes()
    assert "POST /api/crypto/init" in server.log
    with wizard.unlock(tmp_path / "orders.db", marker):
        pass


def test_what_anybody_may_read_is_public_and_what_is_not_is_private(tmp_path):
    """Under the widest umask: sidecar and configuration are readable, all else is its owner's."""
    import os

    config = configure(tmp_path, "orders")
    before = os.umask(0)
    try:
        token = node_token(config)
        with serving(config) as server, server.client(token) as client:
            assert init(client, "orders").status_code == 201
    finally:
        os.umask(before)
    modes = {
        str(path.relative_to(tmp_path)).split("/")[0]: stat.S_IMODE(path.stat().st_mode)
        for path in tmp_path.rglob("*")
        if path.is_file() and path.name != "server.log"
    }
    assert modes["orders.db.crypto.json"] == 0o644
    assert modes["datafold.toml"] == 0o644
    assert modes["orders.db"] & 0o077 == 0
    assert modes["tokens.json"] == 0o600
    assert modes["receipts"] == 0o600
    assert set(modes) <= {
        "orders.db.crypto.json", "datafold.toml", "orders.db", "tokens.json", "receipts",
        "orders.db.audit.jsonl",
    }  # fmt: skip


def test_the_api_loads_no_screen_and_check_loads_no_api():
    from tests.test_imports import SCREEN, loaded_by

    assert not loaded_by("import wizard.api.server, wizard.api.worker") & SCREEN
    web = {"fastapi", "starlette", "uvicorn", "prometheus_client"}
    assert not loaded_by("import wizard.api.worker") & {*web, "pydantic"}
    assert not loaded_by("import wizard.cli.program") & {*web, "pydantic"}
