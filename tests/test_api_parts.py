"""The API's parts by themselves: admission, throttle, tokens and their commands."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from tests.api_server import configure, environment, serving
from tests.test_initialization import PASSPHRASE
from wizard import engine
from wizard.api import pool
from wizard.api.admission import Admission
from wizard.api.databases import DatabaseView
from wizard.api.jobs import Job, Jobs, remove_old
from wizard.api.pool import WorkFailed
from wizard.api.routes.jobs import _rotated
from wizard.api.server import listen
from wizard.api.throttle import FREE_ATTEMPTS, LONGEST_WAIT, Throttle
from wizard.api.tokens import TokenFile, new_token, read_tokens, write_tokens
from wizard.diagnostics import explain
from wizard.engine import WrongPassphrase
from wizard.refusals import (
    InvalidConfiguration,
    InvalidRequest,
    Overloaded,
    ServerEnding,
    Throttled,
)
from wizard.settings import ApiSettings
from wizard.settings.model import CryptoSettings

WRONG = WorkFailed(explain(WrongPassphrase("7QJ4", keyfile_expected=False, keyfile_given=False)))


# Admission --------------------------------------------------------------------------------------


def admission(**changes):
    return Admission(**{"budget_kib": 100, "places": 10, "longest_wait": 5.0, **changes})


def test_memory_is_never_admitted_over_the_budget_and_nobody_is_lost():
    async def run():
        budget = admission()
        done = []

        async def one(kib):
            async with budget.admitted(kib):
                assert budget.in_use_kib <= 100
                await asyncio.sleep(0)
                done.append(kib)

        await asyncio.gather(*(one(kib) for kib in (60, 60, 30, 100, 1, 0, 40) * 10))
        return budget, done

    budget, done = asyncio.run(run())
    assert len(done) == 70
    assert budget.highest_kib <= 100
    assert (budget.in_use_kib, budget.waiting) == (0, 0)


def test_what_can_never_fit_is_refused_and_what_waits_too_long_is_sent_away():
    async def run():
        budget = admission(longest_wait=0.05)
        with pytest.raises(InvalidRequest):
            async with budget.admitted(101):
                pass
        async with budget.admitted(100):
            with pytest.raises(Overloaded) as caught:
                async with budget.admitted(1):
                    pass
            assert caught.value.retry_after > 0
            assert budget.waiting == 0
        async with budget.admitted(100):
            return budget.in_use_kib

    assert asyncio.run(run()) == 100


def test_a_cancelled_wait_and_a_failure_give_everything_back():
    async def run():
        budget = admission(places=1)
        async with budget.admitted(50):
            waiting = asyncio.create_task(budget.admitted(10).__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        with pytest.raises(ZeroDivisionError):
            async with budget.admitted(100):
                raise ZeroDivisionError
        async with budget.admitted(100):
            return budget.waiting

    assert asyncio.run(run()) == 0


def test_old_downloads_of_a_killed_server_are_removed(tmp_path):
    for name, age in (("old", 2 * 86400), ("new", 60)):
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    remove_old(tmp_path)
    remove_old(tmp_path / "none")
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


class DeafWorker:
    """Does not answer any more once it was asked to end."""

    def __init__(self):
        self.asked = 0

    def cancel(self):
        self.asked += 1


@pytest.mark.parametrize("in_force", [True, False], ids=["after", "before"])
def test_a_job_that_is_ended_says_what_is_in_force(protected_node, in_force):
    """Asked to end when its change was in force, it is done and says so; until then it runs."""
    before = engine.inspect(protected_node).metadata
    view = DatabaseView("orders", protected_node, CryptoSettings())
    worker, seen = DeafWorker(), []
    job = Job("rotate", "orders", in_force=partial(_rotated, view, before, time.monotonic()))

    async def work():
        job.started(worker)
        jobs.forget(job)
        jobs.forget(job)
        seen.append(job.document()["state"])
        if in_force:
            engine.rotate(protected_node, PASSPHRASE)
        raise WorkFailed(explain(RuntimeError()))

    async def run():
        jobs.start(job, work)
        await job.task

    jobs = Jobs()
    asyncio.run(run())
    told = job.document()
    assert (worker.asked, seen) == (1, ["running"])
    assert told["problem"] is None
    assert told["ended_at"]
    if not in_force:
        assert (told["state"], told["result"]) == ("cancelled", None)
        return
    now = engine.inspect(protected_node).metadata
    assert told["state"] == "done"
    assert told["result"]["generation"] == now.generation == before.generation + 1
    assert told["result"]["fingerprint"] == now.public_key.fingerprint


# Throttle ---------------------------------------------------------------------------------------


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def guess(throttle, database="orders", client="me", *, right=False):
    """Make one attempt; return the seconds to wait, or 0 if it was made."""
    try:
        with throttle.attempt(database, client) as succeeded:
            if not right:
                raise WRONG
            succeeded()
    except Throttled as error:
        return error.retry_after
    except WorkFailed:
        return 0
    return 0


def test_waits_grow_and_have_an_end(clock):
    throttle = Throttle(clock)
    waits = []
    for _ in range(20):
        if wait := guess(throttle):
            waits.append(wait)
            clock.now += wait
            assert guess(throttle) == 0
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT
    # The right one is served after one more wait at the most, and clears the count.
    clock.now += LONGEST_WAIT
    assert guess(throttle, right=True) == 0
    assert [guess(throttle) for _ in range(FREE_ATTEMPTS)] == [0] * FREE_ATTEMPTS
    assert guess(throttle) > 0


def test_databases_and_clients_are_counted_apart(clock):
    throttle = Throttle(clock)
    for _ in range(FREE_ATTEMPTS):
        guess(throttle)
    assert guess(throttle, client="another") > 0
    assert guess(throttle, database="stock") > 0
    assert guess(throttle, database="stock", client="another") == 0


def test_guessing_in_parallel_gains_nothing(clock):
    throttle = Throttle(clock)
    opened = [throttle.attempt("orders", f"client {number}") for number in range(FREE_ATTEMPTS)]
    for each in opened:
        each.__enter__()
    assert guess(throttle, client="one more") > 0
    for each in opened:
        each.__exit__(None, None, None)
    assert guess(throttle, client="one more") == 0


def test_what_fails_for_another_reason_is_not_a_wrong_passphrase(clock):
    throttle = Throttle(clock)
    for _ in range(3 * FREE_ATTEMPTS):
        with pytest.raises(Overloaded), throttle.attempt("orders", "me"):
            raise Overloaded(retry_after=1)
    assert guess(throttle) == 0


# Tokens -----------------------------------------------------------------------------------------


def made(**changes):
    given = {
        "role": "auditor",
        "databases": (),
        "lifetime": timedelta(days=1),
        "now": datetime.now(UTC),
    }
    return new_token("me", **{**given, **changes})


def test_only_the_hash_is_kept_and_the_end_counts(tmp_path):
    path = tmp_path / "state" / "tokens.json"
    token, kept = made()
    ended, old = made(now=datetime.now(UTC) - timedelta(days=2))
    write_tokens(path, (kept, old))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert token not in path.read_text()
    file = TokenFile(path)
    assert file.find(token) == kept
    assert file.find(ended) is None
    assert file.find(token + "x") is None
    write_tokens(path, (old,))
    assert file.find(token) is None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"tokens": [{}]}', '{"tokens": [{"id": 1}]}'])
def test_a_damaged_file_is_refused(tmp_path, text):
    path = tmp_path / "tokens.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(InvalidConfiguration):
        read_tokens(path)


def test_the_commands(tmp_path):
    config = configure(tmp_path, "orders", "stock")

    def ran(*arguments):
        done = subprocess.run(
            [sys.executable, "-m", "wizard", "token", *arguments, "--config", str(config)],
            env=environment(tmp_path), capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        return done.returncode, done.stdout

    code, out = ran("create", "prometheus", "--role", "auditor", "--database", "orders", "--json")
    assert code == 0
    token = json.loads(out)
    assert (token["role"], token["databases"]) == ("auditor", ["orders"])
    with serving(config) as server, server.client(token["token"]) as client:
        numbers = client.get("/metrics")
        assert numbers.status_code == 200
        assert 'database="orders"' in numbers.text
        # Another database is not even named to it.
        assert "stock" not in numbers.text
        code, out = ran("list")
        assert token["id"] in out
        assert token["token"] not in out
        assert ran("revoke", token["id"])[0] == 0
        # A server that runs takes notice.
        assert client.get("/metrics").status_code == 401
    assert ran("revoke", token["id"])[0] == 29
    assert ran("create", "x", "--role", "king")[0] == 2
    assert ran("create", "x", "--role", "owner", "--database", "nope")[0] == 29


def test_a_bootstrap_token_can_be_given_and_is_then_not_printed(tmp_path):
    config = configure(tmp_path, "orders")
    secret = tmp_path / "bootstrap"
    secret.write_text("a-bootstrap-token-of-some-length\n")
    secret.chmod(0o600)
    with serving(config, "--bootstrap-token", f"file:{secret}") as server:
        assert "bootstrap_token" not in server.told
        with server.client("a-bootstrap-token-of-some-length") as client:
            assert client.get("/api/crypto/status").status_code == 200
            assert client.get("/metrics").status_code == 403
    secret.write_text("short")
    refused = subprocess.run(
        [*server.process.args],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (refused.returncode, "short" in refused.stderr) == (2, False)


def test_a_worker_deaf_to_sigterm_does_not_keep_the_server_from_ending(monkeypatch):
    """A derivation may take many minutes, and Python acts on no signal within it."""
    monkeypatch.setattr(pool, "_STOP_SECONDS", 0.1)
    doing = []

    async def ended_with_the_server():
        workers = pool.Pool(1)
        deaf = asyncio.Event()
        loop = asyncio.get_running_loop()

        def started(worker):
            os.kill(worker.process.pid, signal.SIGSTOP)
            doing.append(worker)
            loop.call_soon_threadsafe(deaf.set)

        with engine.Secret.copy_of(b"orbit-Canvas-mellow-91-quartz") as secret:
            rate = partial(workers.run, "rate", {"context": []}, {"passphrase": secret})
            await rate()
            task = asyncio.create_task(rate(started=started))
            await deaf.wait()
            task.cancel()
            with pytest.raises(ServerEnding):
                await asyncio.wait_for(task, 20)
        workers.close()

    asyncio.run(ended_with_the_server())
    assert doing[0].process.returncode == -signal.SIGKILL


def test_what_cannot_be_listened_on_is_said_in_words(tmp_path):
    """The system has no word for a name too long, and OpenSSL none that a person knows."""
    long = ApiSettings(unix_socket=tmp_path / ("x" * 200))
    with pytest.raises(InvalidConfiguration, match=r"cannot listen here: AF_UNIX path too long"):
        listen(long)
    key = tmp_path / "key.pem"
    key.touch(mode=0o600)
    key.write_text("not a key")
    with pytest.raises(InvalidConfiguration, match=r"they are not a certificate and its key\.$"):
        listen(ApiSettings(tls_certificate=key, tls_key=key))


def test_a_server_that_cannot_say_where_it_is_ends_in_words(tmp_path):
    command = [sys.executable, "-m", "wizard", "serve", "--unix-socket", str(tmp_path / "s")]
    with open("/dev/full", "w") as full:  # noqa: PTH123
        ended = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
            env=environment(tmp_path),
        )  # fmt: skip
    assert ended.returncode == 46
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "s").exists()
