"""No copy of a secret in the memory of a live process once the step that needs it is over.

Each scan first finds its marker in a process that is careless, so that finding nothing means
something.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import time
from contextlib import contextmanager

import pytest

from tests.api_server import configure, init, node_token, serving
from tests.attacks import FULL
from tests.attacks.scanning import family, of_database, of_passphrase, of_sheet, scanned
from tests.attacks.wizard_run import by_keys, by_keys_shown, by_paste, take_to
from tests.databases import make_plain
from tests.engine_talk import Talk
from tests.test_cli_terminal import CHEAP, Session
from tests.tui_terminal import Terminal
from wizard import engine

MARKER = "velvet Quokka ferment 8841 drizzle"
ACCENTED = "velvet Quökka ferment 8842 drizzlé"
FLOOR = engine.KdfParams(19 * 1024, 2, 1)
WAITS_AT_ITS_END = """
import sys
from wizard.__main__ import main
try:
    code = main()
finally:
    print("ENDED", flush=True)
    sys.stdin.readline()
sys.exit(code)
"""
HELD = ("-c", WAITS_AT_ITS_END)


@contextmanager
def program(text: str, *arguments: str, secret: str = ""):
    """A Python program that prints a line when it may be scanned, and waits for one to go on."""
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(text), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        process.stdin.write(secret.encode() + b"\n")
        process.stdin.flush()
        try:
            yield process
        finally:
            process.kill()


def soon_gone(pids, needles):
    """What was freed is overwritten a moment later. A busy machine takes longer until it is freed.

    What stays is found at the end, however long that is: nothing else happens in these processes.
    """
    end = time.monotonic() + 20
    while (found := scanned(pids, needles)) and time.monotonic() < end:
        time.sleep(0.2)
    return found


def say(process: subprocess.Popen[bytes]) -> None:
    process.stdin.write(b"\n")
    process.stdin.flush()


@pytest.fixture
def protected(tmp_path):
    path = make_plain(tmp_path / "node.db", rows=3)
    engine.initialize(path, MARKER, recovery=None, params=FLOOR)
    return path


# The scan finds things -----------------------------------------------------------------------

CARELESS = """
import sys
passphrase = sys.stdin.readline().strip()
from argon2.low_level import hash_secret_raw, Type
from nacl.signing import SigningKey
from pathlib import Path
import apsw
from wizard.engine.metadata import read_metadata
from wizard.engine.sidecar import read_sidecar
metadata = read_metadata(read_sidecar(Path(sys.argv[1] + ".crypto.json")))
slot = metadata.master_slot
root = hash_secret_raw(passphrase.encode(), slot.salt, slot.params.passes,
                       slot.params.memory_kib, slot.params.lanes, 32, Type.ID)
import hashlib
seed = hashlib.blake2b(key=root, digest_size=32, salt=(1).to_bytes(8, "little"),
                       person=b"dfw-root").digest()
wide = passphrase + "\\u20ac"
wider = passphrase + "\\U0001f511"
key = SigningKey(seed)
half = passphrase[:20]
text = bytes.fromhex(sys.argv[2]).hex()
print("ready", flush=True)
sys.stdin.readline()
"""


def test_a_careless_program_is_caught(protected):
    master, data = of_database(protected, MARKER)
    needles = of_passphrase(MARKER) | master | data
    with program(CARELESS, str(protected), data["data key"].hex(), secret=MARKER) as process:
        assert process.stdout.readline() == b"ready\n"
        found = set(scanned([process.pid], needles))
    assert {
        "passphrase in utf-8",
        "passphrase in utf-16-le",
        "passphrase in utf-32-le",
        "passphrase, first half in utf-8",
        "root secret",
        "Ed25519 seed",
        "data key in hex",
    } <= found


# What was freed ------------------------------------------------------------------------------

FREES_TEXTS = """
import sys
from wizard import freed
sys.stdin.readline()
text = bytes.fromhex(sys.argv[1])
size = int(sys.argv[2])
for _ in range(2):
    held = [bytes(byte ^ 0x55 for byte in text) + bytes(size - 33 - len(text)) for _ in range(5000)]
    del held
    if sys.argv[3:] == ["overwritten"]:
        freed.overwrite()
print("ready", flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("size", [80, 112, 208, 288, 512])
def test_pools_are_overwritten_to_their_ends_whatever_uses_them_next(size):
    """A free pool holds blocks of another size next, which end elsewhere, or smaller ones."""
    text = MARKER.encode()
    hidden = bytes(byte ^ 0x55 for byte in text).hex()
    found = []
    for done in ([], ["overwritten"]):
        with program(FREES_TEXTS, hidden, str(size), *done) as process:
            assert process.stdout.readline() == b"ready\n"
            found.append(scanned([process.pid], {"text": text}))
    careless, careful = found
    assert careless["text"] > 100
    assert careful == {}


# wizard.unlock -------------------------------------------------------------------------------

LIBRARY = """
import sys, os
import wizard
secret = wizard.Secret.allocate(4096)
secret.append(bytes(4096))
with secret.expose() as view:
    length = os.readv(0, [view])
secret.truncate(length - 1)
with secret:
    database = wizard.unlock(sys.argv[1], secret, **eval(sys.argv[2]))
assert database.connection.execute("SELECT count(*) FROM customers").get == 3
print("open", flush=True)
os.read(0, 1)
database.close()
print("closed", flush=True)
os.read(0, 1)
"""


# Named, here and below: pytest tells a test's name to every process in PYTEST_CURRENT_TEST, and a
# passphrase in it would be found there.
@pytest.mark.parametrize(
    ("passphrase", "readonly"),
    [
        pytest.param(MARKER, False, id="ascii"),
        pytest.param(ACCENTED, True, id="accented, readonly"),
        *(
            [
                pytest.param(MARKER, True, id="ascii, readonly"),
                pytest.param(ACCENTED, False, id="accented"),
            ]
            if FULL
            else []
        ),
    ],
)
def test_unlock_keeps_the_data_key_only_and_close_not_even_that(tmp_path, passphrase, readonly):
    path = make_plain(tmp_path / "node.db", rows=3)
    engine.initialize(path, passphrase, recovery=None, params=FLOOR)
    master, data = of_database(path, passphrase)
    raw = {"data key": data.pop("data key")}
    needles = of_passphrase(passphrase) | master | data
    with program(LIBRARY, str(path), repr({"readonly": readonly}), secret=passphrase) as process:
        assert process.stdout.readline() == b"open\n"
        assert scanned([process.pid], needles) == {}
        assert scanned([process.pid], raw), "the page cipher has it"
        say(process)
        assert process.stdout.readline() == b"closed\n"
        assert scanned([process.pid], needles | raw) == {}


# init and shell ------------------------------------------------------------------------------


# What has only ASCII leaves less: in the ordinary run the harder one is enough.
@pytest.mark.parametrize(
    "passphrase",
    [
        pytest.param(ACCENTED, id="accented"),
        *([pytest.param(MARKER, id="ascii")] if FULL else []),
    ],
)
def test_init_keeps_nothing(tmp_path, passphrase):
    path = make_plain(tmp_path / "node.db", rows=3)
    session = Session(tmp_path, "init", "node.db", *CHEAP, program=HELD)
    session.type_unseen("New passphrase: ", passphrase)
    session.type_unseen("The same again: ", passphrase)
    session.see("q: QR code of the slot] ")
    assert scanned(family(session.child.pid), of_passphrase(passphrase)) == {}
    words = session.words
    session.type("")
    for _ in range(3):
        session.child.expect(r"Word ([0-9]+): ")
        session.type(words[int(session.child.match[1])])
    session.see("ENDED")
    master, data = of_database(path, passphrase)
    assert scanned(family(session.child.pid), of_passphrase(passphrase) | master | data) == {}
    session.child.close(force=True)


# Two works in one process, the second of which only waits: it has what the first has left there.
MANIFEST = """
import os, sys
from wizard import engine
from wizard.cli import program
from wizard.cli.dividing import Work, divided
from wizard.cli.fleet import forget
sys.stdin.readline()
engine.protect_process()
engine.load_initialization()
told, asked, kept = os.dup(1), os.dup(0), []
def protects():
    code = program.run(sys.argv[3:])
    if sys.argv[1] == "careless":
        kept.append(open(sys.argv[2]).read())
    return code
def waits():
    os.write(told, b"ready\\n")
    os.read(asked, 1)
    return 0
works = [Work("first", protects), Work("second", waits)]
with engine.one_memory():
    assert [end.code for end in divided(works, at_once=1, between=forget)] == [0, 0]
"""


def test_a_process_of_a_manifest_has_nothing_of_one_database_at_the_next(tmp_path):
    found = {}
    for how in ("careless", "careful"):
        path = make_plain(tmp_path / f"{how}.db", rows=3)
        given, sheet = tmp_path / f"{how}.pass", tmp_path / f"{how}.txt"
        given.write_text(ACCENTED)
        given.chmod(0o600)
        command = ("init", str(path), "--json", "--recovery-out", str(sheet), *CHEAP)
        command += ("--passphrase", f"file:{given}")
        with program(MANIFEST, how, str(sheet), *command) as process:
            assert process.stdout.readline() == b"ready\n"
            master, data = of_database(path, ACCENTED)
            words = of_sheet(sheet.read_text())
            needles = (
                words if how == "careless" else of_passphrase(ACCENTED) | master | data | words
            )
            _parent, child = family(process.pid)
            found[how] = set(scanned([child], needles))
            say(process)
            assert process.wait(timeout=60) == 0
    assert found == {"careless": {"a row of words"}, "careful": set()}


def test_shell_keeps_the_data_key_while_it_is_open(protected, tmp_path):
    master, data = of_database(protected, MARKER)
    raw = {"data key": data.pop("data key")}
    needles = of_passphrase(MARKER) | master | data
    session = Session(tmp_path, "shell", "node.db", program=HELD)
    session.type_unseen("): ", MARKER)
    session.child.expect("sql> |sqlite> |> ")
    assert scanned(family(session.child.pid), needles) == {}
    session.type(".exit")
    session.see("ENDED")
    assert scanned(family(session.child.pid), needles | raw) == {}
    session.child.close(force=True)


# serve ---------------------------------------------------------------------------------------


def test_serve_keeps_nothing_of_a_request(tmp_path):
    make_plain(tmp_path / "orders.db", rows=3)
    config = configure(tmp_path, "orders")
    with serving(config) as server:
        with server.client(server.told["bootstrap_token"]) as client:
            answer = init(client, "orders", passphrase=MARKER, original="remove")
            assert answer.status_code == 201, answer.text
        assert soon_gone(family(server.process.pid), of_passphrase(MARKER)) == {}
    master, data = of_database(tmp_path / "orders.db", MARKER)
    with serving(config) as server, server.client(node_token(config)) as client:
        body = {"database": "orders", "passphrase": MARKER}
        assert client.post("/api/crypto/unlock", json=body).status_code == 200
        wrong = client.post("/api/crypto/unlock", json=body | {"passphrase": MARKER + " wrong"})
        assert wrong.status_code == 403
        needles = of_passphrase(MARKER) | master | data
        assert soon_gone(family(server.process.pid), needles) == {}


# The wizard ----------------------------------------------------------------------------------


@pytest.mark.parametrize("put", [by_paste, by_keys_shown, *([by_keys] if FULL else [])])
def test_the_screen_of_the_wizard_keeps_nothing(tmp_path, put):
    make_plain(tmp_path / "node.db", rows=3)
    with Terminal(tmp_path) as terminal:
        take_to(terminal, "derivation", MARKER, put=put)
        screen, _engine = family(terminal.child.pid)
        assert soon_gone([screen], of_passphrase(MARKER)) == {}


@pytest.mark.skipif(not FULL, reason="measures the machine, which takes its time")
@pytest.mark.parametrize("put", [by_keys, by_paste, by_keys_shown])
def test_at_the_end_neither_process_of_the_wizard_keeps_anything(tmp_path, put):
    path = make_plain(tmp_path / "node.db", rows=3)
    with Terminal(tmp_path) as terminal:
        take_to(terminal, "end", MARKER, put=put)
        master, data = of_database(path, MARKER)
        needles = of_passphrase(MARKER) | master | data
        assert soon_gone(family(terminal.child.pid), needles) == {}


def test_the_engine_of_the_wizard_keeps_nothing_of_what_it_prepared(tmp_path):
    path = make_plain(tmp_path / "node.db", rows=3)

    async def to_the_end():
        async with Talk() as talk:
            await talk.choose(MARKER)
            await talk.prepare(path)
            await talk.prove()
            await talk.request("commit", original="keep")
            await talk.request("passphrase.forget")
            master, data = of_database(path, MARKER)
            assert soon_gone([talk.pid], of_passphrase(MARKER) | master | data) == {}

    asyncio.run(to_the_end())
