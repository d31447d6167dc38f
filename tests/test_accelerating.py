"""Argon2 for this processor is built beside the shipped one, proved, and only then used.

One real build for all tests; the rest has a program in the place of Python that stands for pip.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import stat
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.databases import PASSPHRASE, make_plain
from tests.test_initialization import in_new_process
from wizard import engine
from wizard.cli import program
from wizard.engine import accelerating, argon2_building, argon2_keeping, argon2_proof
from wizard.engine import argon2_choice as choice

CANNOT_BE_HELPED = {"machine", "processor", "pip", "compiler", "headers", "fetch", "slow"}


@pytest.fixture(scope="session")
def built(tmp_path_factory, worker_id):
    """A real build, made once for all workers."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared if worker_id == "master" else shared.parent
    place = shared / "argon2-built"
    with (shared / "argon2-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            try:
                engine.accelerate(place=place)
            except engine.CannotBuild as error:
                if error.code not in CANNOT_BE_HELPED:
                    raise
                pytest.skip(str(error))
    return place


# A real one -----------------------------------------------------------------------------------


def test_a_build_is_whole_and_has_the_modes_of_a_package(built):
    record = choice.fitting_record(built)
    assert record.needs == ("avx2",)
    assert record.flags == "-O3 -mavx2"
    assert record.version == argon2_building.installed_version()
    assert {path.name for path in built.iterdir()} == {record.library, choice.RECORD}
    assert stat.S_IMODE(built.stat().st_mode) == 0o755
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o644 for path in built.iterdir())
    assert not list(built.parent.glob(".datafold-wizard-argon2-*"))


def test_a_build_is_proved_once_more_by_a_second_run(built, monkeypatch):
    monkeypatch.setattr(
        argon2_building, "compile_library", lambda *_a, **_k: pytest.fail("compiled again")
    )
    before = (built / choice.RECORD).stat()
    try:
        done = engine.accelerate(place=built)
    except engine.CannotBuild as error:  # pragma: no cover - a very busy machine
        pytest.skip(str(error))
    assert done.already
    assert done.compared == len(list(argon2_proof.cases())) > 140
    assert os.path.samestat(before, (built / choice.RECORD).stat())


BY_THE_BUILT_ONE = """
import sys
from pathlib import Path
from wizard.engine import argon2_choice
place = Path(sys.argv.pop())
argon2_choice.built_place = lambda: place
assert argon2_choice.argon2().needs == ("avx2",)
"""
OPEN = """
import json, sys, wizard
with wizard.unlock(sys.argv[1], sys.argv[2]) as database:
    print(json.dumps(list(database.connection.execute("SELECT count(*) FROM customers"))))
"""
MAKE = """
import json, sys, wizard
from wizard.engine import KdfParams
wizard.initialize(sys.argv[1], sys.argv[2], recovery=None, params=KdfParams(19 * 1024, 2, 4))
print(json.dumps(True))
"""


def test_what_one_protects_the_other_opens(built, tmp_path):
    none = tmp_path / "none"
    by_shipped = BY_THE_BUILT_ONE.replace('("avx2",)', "()")
    for making, opening in (
        ((by_shipped, none), (BY_THE_BUILT_ONE, built)),
        ((BY_THE_BUILT_ONE, built), (by_shipped, none)),
    ):
        path = make_plain(tmp_path / f"{making[1].name}.db", rows=3)
        assert in_new_process(making[0] + MAKE, path, PASSPHRASE, making[1])
        assert in_new_process(opening[0] + OPEN, path, PASSPHRASE, opening[1]) == [[3]]


# With something in the place of pip -----------------------------------------------------------

# Python as it is called here: "-P -m pip wheel ...", and "-P -m MODULE LIBRARY".
STUB = """#!/bin/sh
here='{here}'
case "$3 $4" in
"pip wheel") env > "$here/environment"; echo "$@" > "$here/arguments"; {pip_wheel} ;;
*) {proof} ;;
esac
"""
WHEEL = """cp -r "$here/wheels" ."""
SAME = """echo '{"differs": "", "compared": 9, "seconds": 0.05, "shipped_seconds": 0.1}'"""


@pytest.fixture
def pip(tmp_path, monkeypatch):
    """Return a function that sets what pip and the proof do."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    library = choice.shipped_library()
    inside = tmp_path / "inside"
    shutil.copytree(library.parent, inside / "_argon2_cffi_bindings")
    shutil.make_archive(str(wheels / "made"), "zip", inside)
    (wheels / "made.zip").rename(wheels / "made.whl")
    stub = tmp_path / "python"

    def behave(*, pip_wheel=WHEEL, proof=SAME):
        fields = {"pip_wheel": pip_wheel, "proof": proof}
        text = STUB
        for name, value in {"here": tmp_path, **fields}.items():
            text = text.replace("{" + name + "}", str(value))
        stub.write_text(text)
        stub.chmod(0o755)

    behave()
    monkeypatch.setattr(sys, "executable", str(stub))
    monkeypatch.setattr(choice, "processor_features", lambda: {"avx2"})
    return behave


@pytest.fixture
def place(tmp_path):
    (tmp_path / "site").mkdir()
    return tmp_path / "site/datafold-wizard-argon2"


def test_the_same_version_is_compiled_with_these_flags_and_past_the_cache(
    pip, place, tmp_path, monkeypatch
):
    monkeypatch.setenv("CFLAGS", "-march=native")
    monkeypatch.setenv("ARGON2_CFFI_USE_SYSTEM", "1")
    done = engine.accelerate(place=place)
    assert (done.compared, done.seconds, done.already) == (9, 0.05, False)
    assert choice.fitting_record(place) is not None
    arguments = (tmp_path / "arguments").read_text().split()
    assert f"argon2-cffi-bindings=={argon2_building.installed_version()}" in arguments
    assert {"--no-cache-dir", "--no-deps", "--no-binary"} <= set(arguments)
    environment = (tmp_path / "environment").read_text().splitlines()
    assert "CFLAGS=-O3 -mavx2" in environment
    assert not [line for line in environment if line.startswith("ARGON2_CFFI")]
    assert [path.name for path in place.parent.iterdir()] == [place.name]


def test_a_second_build_takes_the_place_of_one_that_no_longer_fits(pip, place):
    engine.accelerate(place=place)
    (place / choice.shipped_library().name).write_bytes(b"spoilt")
    assert not engine.accelerate(place=place).already
    assert choice.fitting_record(place) is not None
    assert engine.accelerate(place=place).already
    assert [path.name for path in place.parent.iterdir()] == [place.name]


REFUSALS = {
    "fetch": (
        {"pip_wheel": "echo 'ERROR: No matching distribution found for x'; exit 1"},
        "pip could not fetch what is needed to build it: No matching distribution found",
    ),
    "build": (
        {"pip_wheel": "echo 'x.c:1: error: no such thing'; echo ' more error'; exit 1"},
        "pip could not build it: x.c:1: error: no such thing.",
    ),
    "proof": ({"proof": "kill -ILL $$"}, "its test ended by signal 4"),
    "slow": ({"proof": SAME.replace("0.05", "0.099")}, "is not faster here"),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_what_cannot_be_built_is_said_and_changes_nothing(pip, place, code):
    behaviour, words = REFUSALS[code]
    pip(**behaviour)
    with pytest.raises(engine.CannotBuild, match=words) as refused:
        engine.accelerate(place=place)
    assert refused.value.code == code
    assert list(place.parent.iterdir()) == []


def test_another_result_or_a_full_disk_changes_nothing(pip, place):
    pip(proof="""echo '{"differs": "KdfParams(8, 1, 1)", "compared": 0}'""")
    with pytest.raises(engine.CannotBuild, match="derives other keys"):
        engine.accelerate(place=place)
    pip(pip_wheel="echo 'OSError: [Errno 28] No space left on device'; exit 2")
    with pytest.raises(engine.NoSpace, match="a write was refused"):
        engine.accelerate(place=place)
    assert list(place.parent.iterdir()) == []


def test_a_failed_build_leaves_the_one_before(pip, place):
    engine.accelerate(place=place)
    (place / choice.RECORD).chmod(0o666)
    pip(proof="exit 1")
    with pytest.raises(engine.CannotBuild):
        engine.accelerate(place=place)
    assert {path.name for path in place.iterdir()} == {choice.RECORD, "_ffi.abi3.so"}


@pytest.mark.parametrize(
    ("patch", "code", "words"),
    [
        ((argon2_building, "find_spec", lambda _name: None), "pip", "There is no pip for"),
        ((argon2_building.shutil, "which", lambda _name: None), "compiler", "no C compiler"),
        (
            (argon2_building.sysconfig, "get_path", lambda _name: "/nowhere"),
            "headers",
            r"not here \(/nowhere/Python.h\)",
        ),
        ((choice, "processor_features", lambda: {"sse2"}), "processor", "has no AVX2"),
        ((accelerating.platform, "machine", lambda: "aarch64"), "machine", "Linux aarch64"),
        ((choice, "built_place", lambda: None), "shipped", "not where Python finds"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
@pytest.mark.usefixtures("pip")
def test_what_the_machine_lacks_is_named(place, patch, code, words, monkeypatch, capsys):  # noqa: PLR0917 - three of a table
    monkeypatch.setattr(choice, "built_place", lambda: place)
    monkeypatch.setattr(*patch)
    with pytest.raises(engine.CannotBuild, match=words) as refused:
        engine.accelerate()
    assert refused.value.code == code
    assert program.run(["accelerate", "--json"]) == 47
    told = capsys.readouterr()
    assert json.loads(told.out)["error"]["code"] == "cannot_build"
    assert "Nothing was changed, and everything works as before" in told.err


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_an_installation_that_may_not_be_written_is_named(pip, place, monkeypatch, number):
    def refuse(**_options):
        raise OSError(number, "no")

    monkeypatch.setattr(argon2_keeping.tempfile, "mkdtemp", refuse)
    for do in (engine.accelerate, engine.remove_acceleration):
        with pytest.raises(engine.CannotBuild, match="where this program is installed, cannot be"):
            do(place=place.parent)


def running(group):
    """Whether a process of the group still runs; what nobody has asked about yet does not."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _parent, its_group = path.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state not in "ZX":
                return True
    return False


def test_a_build_that_is_cancelled_leaves_no_process_and_no_file(pip, place, tmp_path):
    pip(pip_wheel="echo $$ > $here/process; sleep 300 & wait")
    token = engine.CancelToken()

    def cancel():
        while not (tmp_path / "process").exists():
            time.sleep(0.01)
        token.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(engine.Cancelled):
        engine.accelerate(place=place, cancel=token)
    thread.join()
    group = int((tmp_path / "process").read_text() or "0")
    while running(group):
        time.sleep(0.01)
    assert list(place.parent.iterdir()) == []


def test_builds_at_the_same_time_end_with_a_whole_one(place, tmp_path, monkeypatch):
    monkeypatch.setattr(choice, "processor_features", lambda: {"avx2"})
    library = tmp_path / choice.shipped_library().name
    shutil.copy(choice.shipped_library(), library)
    record = accelerating._record(library)
    failed = []

    def publish(number):
        for turn in range(10):
            workspace = place.parent / f"work-{number}-{turn}"
            workspace.mkdir()
            try:
                argon2_keeping.publish(library, record, workspace, place)
            except engine.CannotBuild:
                pass  # the others were faster, ten times
            except OSError as error:
                failed.append(error)

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert choice.fitting_record(place) == record


def test_what_a_killed_run_left_goes_with_the_next(pip, place):
    old = place.parent / ".datafold-wizard-argon2-old"
    (old / "deep").mkdir(parents=True)
    os.utime(old, (1, 1))
    new = place.parent / ".datafold-wizard-argon2-new"
    new.mkdir()
    engine.accelerate(place=place)
    assert {path.name for path in place.parent.iterdir()} == {place.name, new.name}


# The command ----------------------------------------------------------------------------------


def test_the_command_builds_and_goes_back(pip, place, monkeypatch, capsys):
    monkeypatch.setattr(choice, "built_place", lambda: place)
    assert program.run(["accelerate"]) == 0
    told = capsys.readouterr().out
    assert "Done: Argon2 for AVX2." in told
    assert "50 ms of processor time; the shipped one: 100 ms" in told
    assert "passwd PATH --retune" in " ".join(told.split())
    assert program.run(["accelerate", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["already"]
    assert document["place"] == str(place)
    assert program.run(["accelerate", "--remove", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"removed": True}
    assert list(place.parent.iterdir()) == []
    assert program.run(["accelerate", "--remove"]) == 0
    assert "nothing to remove" in capsys.readouterr().out


def test_which_one_runs_is_told(place, monkeypatch):
    shipped = choice.shipped_argon2()
    features = {"avx2"}
    monkeypatch.setattr(choice, "processor_features", lambda: features)
    monkeypatch.setattr(choice, "_chosen", shipped)
    version = argon2_building.installed_version()
    assert engine.argon2_in_use() == engine.Argon2InUse(version, "", "avx2")
    features.clear()
    assert engine.argon2_in_use() == engine.Argon2InUse(version, "", "")
    monkeypatch.setattr(choice, "_chosen", choice.Argon2(shipped.ffi, shipped.lib, ("avx2",)))
    assert engine.argon2_in_use() == engine.Argon2InUse(version, "avx2", "")
