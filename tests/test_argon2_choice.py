"""The built Argon2 runs only where everything about it fits; else the shipped one does, unasked.

What stands for a built one here is a copy of the shipped library under another name: real code of
its own, which needs no compiler.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from wizard.engine import argon2_choice as choice
from wizard.engine import kdf
from wizard.engine.kdf import KdfParams
from wizard.engine.secret import Secret

HERE = choice.shipped_library()
LIBRARY = HERE.name


def put(place: Path, **changed: object) -> Path:
    """Keep a copy of the shipped library as if it had been built, with a record that fits."""
    place.mkdir()
    (place / LIBRARY).write_bytes(HERE.read_bytes())
    digest = choice.digest_of(HERE)
    record = choice.Record("26.2.0", "-O3 -mavx2", ("avx2",), LIBRARY, digest, digest)
    document = json.loads(record.as_json()) | changed
    (place / choice.RECORD).write_text(json.dumps(document))
    for path in (place / LIBRARY, place / choice.RECORD):
        path.chmod(0o644)
    place.chmod(0o755)
    return place


@pytest.fixture
def features(monkeypatch):
    """A processor that has what is asked for, wherever this runs."""
    found = {"sse2", "avx2"}
    monkeypatch.setattr(choice, "processor_features", lambda: found)
    return found


@pytest.fixture
def place(tmp_path, features):
    return put(tmp_path / "built")


def test_what_fits_is_loaded_and_is_another_library(place):
    shipped = choice.shipped_argon2()
    built = choice.built_argon2(place)
    assert built.needs == ("avx2",)
    assert built.lib is not shipped.lib
    results = []
    for argon2 in (shipped, built):
        with (
            Secret.copy_of(b"password") as secret,
            kdf._derive(
                secret, salt=bytes(16), params=KdfParams(4096, 2, 3), argon2=argon2
            ) as root,
            root.expose() as view,
        ):
            results.append(bytes(view))
    assert results[0] == results[1]


def test_what_others_import_stays_the_shipped_one(place):
    """In both orders: cffi fills a module by the name that was compiled into the library."""
    for order in ("built, shipped", "shipped, built"):
        program = (
            "import sys\n"
            "from pathlib import Path\n"
            "from wizard.engine import argon2_choice as choice\n"
            "def built(): return choice.load_library(Path(sys.argv[1]), needs=('avx2',))\n"
            "def shipped():\n"
            "    import _argon2_cffi_bindings._ffi as module\n"
            "    return module\n"
            f"one, other = [make() for make in ({order})]\n"
            "assert one.lib is not other.lib\n"
            "import argon2.low_level as stock\n"
            "assert stock.lib is sys.modules['_argon2_cffi_bindings._ffi'].lib is shipped().lib\n"
            "assert 'site-packages' in sys.modules['_argon2_cffi_bindings._ffi'].__file__\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, str(place / LIBRARY)], capture_output=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, b"")


def cut(place):
    with (place / LIBRARY).open("r+b") as file:
        file.truncate(30_000)


def flip(place):
    data = bytearray((place / LIBRARY).read_bytes())
    data[len(data) // 2] ^= 1
    (place / LIBRARY).unlink()  # a file that is loaded must never change
    (place / LIBRARY).write_bytes(data)


def rewrite(**changed):
    def change(place):
        document = json.loads((place / choice.RECORD).read_text())
        (place / choice.RECORD).write_text(json.dumps(document | changed))

    return change


def no_library_at_all(place):
    (place / LIBRARY).write_bytes(b"#!/bin/sh\n")
    rewrite(digest=choice.digest_of(place / LIBRARY))(place)


def linked_library(place):
    (place / LIBRARY).rename(place / "elsewhere")
    (place / LIBRARY).symlink_to("elsewhere")


def linked_place(place):
    moved = place.rename(place.with_name("moved"))
    place.symlink_to(moved)


def of_somebody_else(place):
    if os.geteuid():
        pytest.skip("only root can give a file away")
    os.chown(place / LIBRARY, 12345, 12345)


UNFIT = {
    "no directory": lambda place: place.rename(place.with_name("gone")),
    "no record": lambda place: (place / choice.RECORD).unlink(),
    "no library": lambda place: (place / LIBRARY).unlink(),
    "a library that was cut": cut,
    "a library with one bit changed": flip,
    "no library at all, with its digest": no_library_at_all,
    "built for another processor": rewrite(needs=["avx2", "avx1024"]),
    "proved against another shipped one": rewrite(shipped="0" * 64),
    "a library somewhere else": rewrite(library="../built/" + LIBRARY),
    "a record of nothing": lambda place: (place / choice.RECORD).write_text("{}"),
    "a record of numbers": rewrite(digest=7),
    "a record of another kind": lambda place: (place / choice.RECORD).write_text("[]"),
    "no JSON": lambda place: (place / choice.RECORD).write_text("{" * 100_000),
    "a record that is huge": lambda place: (place / choice.RECORD).write_bytes(bytes(9 << 20)),
    "a library that its group may write": lambda place: (place / LIBRARY).chmod(0o664),
    "a record that all may write": lambda place: (place / choice.RECORD).chmod(0o646),
    "a directory that all may write": lambda place: place.chmod(0o777),
    "a link to a library": linked_library,
    "a link to a directory": linked_place,
    "somebody else's library": of_somebody_else,
}


@pytest.mark.parametrize("spoil", UNFIT.values(), ids=UNFIT)
def test_what_does_not_fit_is_not_used(place, spoil):
    assert choice.fitting_record(place) is not None
    spoil(place)
    assert choice.built_argon2(place) is None


def test_a_build_that_derives_something_else_is_not_used(place, monkeypatch):
    monkeypatch.setattr(choice, "derives_right", lambda _argon2: False)
    assert choice.fitting_record(place) is not None
    assert choice.built_argon2(place) is None


def test_a_processor_without_the_feature_never_loads_it(place, features, monkeypatch):
    """A virtual machine moves to an older processor: loading would be harmless, running not."""
    features.remove("avx2")
    monkeypatch.setattr(choice, "load_library", lambda *_a, **_k: pytest.fail("was loaded"))
    assert choice.built_argon2(place) is None


def test_the_known_answer_is_that_of_this_argon2():
    shipped = choice.shipped_argon2()
    assert choice.derives_right(shipped)

    class Wrong:
        def __getattr__(self, name):
            return getattr(shipped.lib, name)

        def argon2_ctx(self, context, kind):
            context.t_cost += 1
            return shipped.lib.argon2_ctx(context, kind)

    assert not choice.derives_right(choice.Argon2(shipped.ffi, Wrong(), ("avx2",)))


def test_one_is_chosen_for_the_process_and_a_broken_one_is_passed_over(place, monkeypatch):
    monkeypatch.setattr(choice, "built_place", lambda: place)
    monkeypatch.setattr(choice, "_chosen", None)
    first = choice.argon2()
    assert first.needs == ("avx2",)
    flip(place)
    assert choice.argon2() is first
    monkeypatch.setattr(choice, "_chosen", None)
    assert choice.argon2().needs == ()


def test_what_the_kernel_says_of_this_processor():
    flags = next(
        (
            line
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("flags")
        ),
        ":",
    )
    assert choice.processor_features() == set(flags.partition(":")[2].split())


def test_without_a_shipped_library_nothing_fits(place, monkeypatch):
    monkeypatch.setattr(choice, "shipped_library", lambda: None)
    assert choice.built_place() is None
    assert choice.fitting_record(place) is None
