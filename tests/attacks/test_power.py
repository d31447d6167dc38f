"""A disk that is full, broken, over quota or takes half: nothing is lost, and it is said in words.

Every write, sync and rename of every verb fails in turn (a sample of them in the ordinary run).
After each: an error of the table and not a surprise, all rows, a named state, and the same verb
again with a disk that works.
"""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from tests.attacks import FULL
from tests.attacks.faults import FAULTS, MAKES, REMOVES, Fault, faulted, needs_registers
from tests.attacks.power_cases import MORE_CASES
from tests.killing import KILL_ALL, needs_tracing, renew
from wizard import engine
from wizard.diagnostics import explain
from wizard.selftest.cases import CASES, Case
from wizard.selftest.crash import crash_test
from wizard.selftest.scratch import DATABASE
from wizard.selftest.tracing import Operation

pytestmark = [needs_tracing, needs_registers, pytest.mark.usefixtures("cheapest_derivation")]

SAMPLE = 2
ONCE = next(fault for fault in FAULTS if fault.name == "EIO once")


# What a verb may say when it is done a second time, because the first time it was done after all.
DONE_ALREADY = {
    "init": (engine.AlreadyProtected,),
    "init-new": (engine.AlreadyProtected,),
    "init-kept": (engine.AlreadyProtected,),
    "init-by-command": (engine.AlreadyProtected,),
    "passwd": (engine.WrongPassphrase,),
    "operator": (engine.InvalidInput,),
    "operator-remove": (engine.InvalidInput,),
    "backup": (engine.OutputExists,),
    "restore": (engine.OutputExists, engine.AlreadyProtected),
    "recover": (engine.NotOpened, engine.NotVerified),
}
# What a full disk is called: never a matter of owners and permissions. Nothing may be recorded, or
# a change is in force and the disk did not confirm it.
FULL_DISK = {"done", "no_space", "audit_unavailable", "interrupted"}

# In the ordinary run every verb meets a disk that fails once, and every fault a few verbs.
_SHORT = {"full disk": ("init", "rotate", "restore"), "short write": ("init-new", "backup")}
_LONG = {case.verb for case in MORE_CASES} - {"init-by-command", "finish-reinit", "metadata-older"}
PAIRS = [
    pytest.param(case, fault, id=f"{case.verb}-{fault.name}")
    for case in (*CASES, *MORE_CASES)
    for fault in FAULTS
    if FULL or (fault is ONCE and case.verb not in _LONG) or case.verb in _SHORT.get(fault.name, ())
]


def telling(case: Case, directory: Path):
    """The verb as the command line runs it: an error is written down as it would be told."""

    def act() -> None:
        try:
            case.act(directory)
        except BaseException as error:  # noqa: BLE001 - to be judged by the test
            told = explain(error, path=directory / DATABASE)
            said = json.dumps([told.code, told.exit_code, told.message])
            directory.with_name("told.json").write_text(said)

    return act


def check(case: Case, directory: Path, pristine: Path, number: int, fault: Fault) -> str:
    """Let one operation fail; return what was said, or "done"."""
    renew(directory, pristine)
    said = directory.with_name("told.json")
    said.unlink(missing_ok=True)
    seen, raised = faulted(telling(case, directory), directory, number, fault)
    assert raised == b"", raised
    code, exit_code, message = "done", 0, ""
    if said.exists():
        code, exit_code, message = json.loads(said.read_text())
        assert exit_code > 1, f"not in the table: {message}"
    failed = seen[number - 1]
    if fault.number in (errno.ENOSPC, errno.EDQUOT) and not tells_another_error(failed, fault):
        assert code in FULL_DISK, f"{code}: {message}"
    if "Nothing was changed" in message:
        check_unchanged(
            directory, pristine, can_tidy=not fault.lasting and failed.call not in REMOVES
        )
    case.look(directory)
    # The way on: the same verb, once there is room again.
    try:
        case.act(directory)
    except DONE_ALREADY.get(case.verb, ()):
        pass
    case.look(directory)
    return code


def tells_another_error(failed: Operation, fault: Fault) -> bool:
    """SQLite does, of a file it could not make, and a moment later one can be made."""
    return failed.call in MAKES and not fault.lasting


def check_unchanged(directory: Path, pristine: Path, *, can_tidy: bool) -> None:
    """What was said to be unchanged is; nothing is left over, or is known for what it is."""
    assert in_force(directory) == in_force(pristine), "it was changed"
    left = names_in(directory) - names_in(pristine) - {f"{DATABASE}.audit.jsonl"}
    if not can_tidy:
        left.discard(f"{DATABASE}-journal")  # SQLite rolls it back when it is next opened
    if left and not can_tidy:
        state = engine.inspect(directory / DATABASE).state
        # The next run takes them away; a dated name is a second one of what is in place.
        ours = all("datafold-" in name or ".replaced-" in name for name in left)
        assert ours or state is engine.State.INTERRUPTED, f"{state}, left over: {left}"
    else:
        assert not left, f"left over: {left}"


def names_in(directory: Path) -> set[str]:
    return {each.name for each in directory.iterdir()}


def in_force(directory: Path) -> object:
    """What opens the database, or None where nothing protects it."""
    found = engine.inspect(directory / DATABASE)
    return found.metadata if found.opens else None


def numbers_of(case: Case, directory: Path, pristine: Path, fault: Fault) -> list[int]:
    renew(directory, pristine)
    seen, raised = faulted(lambda: case.act(directory), directory, 0, fault)
    assert raised == b"", raised
    fitting = [each.number for each in seen if fault.fits(each)]
    assert fitting, "nothing to fail"
    if FULL or len(fitting) <= SAMPLE:
        return fitting
    if fault is ONCE:
        # Right after a name was exchanged: what follows has to be undone in order. And when all is
        # done, and a name that serves nothing more cannot be taken away.
        exchanged = [each.number for each in seen if (each.call, each.name) == ("fsync", ".")]
        return [*exchanged, *[each.number for each in seen if each.call in REMOVES][-1:]]
    last = len(fitting) - 1
    return [fitting[round(step * last / (SAMPLE - 1))] for step in range(SAMPLE)]


@pytest.mark.timeout(7200 if FULL else 300)
@pytest.mark.parametrize(("case", "fault"), PAIRS)
def test_a_failing_disk_loses_nothing_and_says_so(tmp_path, case, fault):
    pristine, directory = tmp_path / "pristine", tmp_path / "data"
    pristine.mkdir()
    case.prepare(pristine)
    told: dict[str, int] = {}
    wrong = []
    numbers = numbers_of(case, directory, pristine, fault)
    for number in numbers:
        try:
            code = check(case, directory, pristine, number, fault)
        except Exception as error:  # noqa: BLE001 - all are reported together
            wrong.append(f"{number}: {type(error).__name__}: {error}")
            print(case.verb, fault.name, wrong[-1], flush=True)
        else:
            told[code] = told.get(code, 0) + 1
    print(f"{case.verb}, {fault.name}: {len(numbers)} failures, {told}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", ["full disk", "quota"])
def test_a_full_disk_is_called_so_where_sqlite_meets_it_too(tmp_path, name):
    """Found in full: owner and permissions were blamed for it."""
    pristine, directory = tmp_path / "pristine", tmp_path / "data"
    pristine.mkdir()
    renew(directory, pristine)
    case = next(case for case in CASES if case.verb == "init-new")
    full = next(fault for fault in FAULTS if fault.name == name)
    seen, _raised = faulted(lambda: case.act(directory), directory, 0, full)
    met = {
        call: next(
            each.number
            for each in seen
            if each.call == call and each.name.startswith(".node.db.datafold-staged")
        )
        for call in ("pwrite64", "fsync")
    }
    met["make"] = next(
        each.number for each in seen if each.call in MAKES and each.name.endswith("-journal")
    )
    for number in met.values():
        assert check(case, directory, pristine, number, full) == "no_space"


@pytest.mark.timeout(3600 if KILL_ALL else 300)
def test_what_the_crash_test_does_not_kill_loses_nothing_either(tmp_path):
    report = crash_test(tmp_path, cases=MORE_CASES, kills=None if KILL_ALL else 2)
    for verb in report.verbs:
        print(f"{verb.verb}: {verb.kills} of {verb.operations} kills")
        assert verb.kills == (verb.operations if KILL_ALL else 2)
        assert verb.losses == ()
