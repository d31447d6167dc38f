"""A lost passphrase, an exposed phrase: the recovery authority makes the next master key."""

import json
import shutil

import pytest

import wizard
from tests.databases import PASSPHRASE, files_but_log
from tests.killing import each_kill, needs_tracing
from tests.test_changing import OPERATOR, count
from tests.test_initialization import CHEAP, protect
from tests.test_passphrase_change import DEARER, NEW, node
from wizard.engine import (
    Busy,
    ForeignMetadata,
    InvalidRecoveryPhrase,
    NoRecovery,
    NotPermitted,
    NotProved,
    RecoveryPlan,
    RolledBackMetadata,
    State,
    WeakPassphrase,
    WrongPassphrase,
    WrongRecoveryPhrase,
    add_operator,
    change_passphrase,
    inspect,
    parse_sheets,
    prepare_recovery,
    prepare_renewal,
    recovery_lines,
    rehearse_recovery,
    verify_log,
)
from wizard.engine.changing import changing
from wizard.engine.sidecar import sidecar_path

__all__ = ["node"]


@pytest.fixture
def sheet(node, tmp_path):
    return (tmp_path / "sheet-1.txt").read_text()


def recover(node, sheet, passphrase=NEW, **options):
    """Both phases; returns what is in force and the new sheets."""
    with prepare_recovery(node, [sheet], passphrase, **options) as pending:
        pending.rehearse()
        return pending.commit(), [each.text() for each in pending.kit.sheets]


def renew(node, passphrase=PASSPHRASE, **options):
    with prepare_renewal(node, passphrase, **options) as pending:
        pending.rehearse()
        return pending.commit(), [each.text() for each in pending.kit.sheets]


def test_the_phrase_makes_a_new_passphrase_and_a_new_phrase(node, sheet):
    add_operator(node, PASSPHRASE, "Ada", OPERATOR, params=CHEAP)
    done, new_sheets = recover(node, sheet)
    assert count(node, NEW) == ("passphrase", "", 5)
    assert count(node, OPERATOR) == ("operator", "Ada", 5)
    with pytest.raises(WrongPassphrase):
        wizard.unlock(node, PASSPHRASE)
    link = done.metadata.chain[-1]
    assert (link.generation, link.authorised_by) == (2, "recovery")
    assert done.metadata.data_key.retired_slots == 2
    assert done.warnings == ()
    wizard.unlock(node, recovery=new_sheets).close()
    with pytest.raises(WrongRecoveryPhrase, match="replaced by another one in generation 2"):
        wizard.unlock(node, recovery=[sheet])
    with pytest.raises(WrongRecoveryPhrase):
        prepare_recovery(node, [sheet], "a third passphrase 31 here")
    sidecar_path(node).unlink()
    wizard.unlock(node, recovery=new_sheets).close()


def test_the_new_phrase_recovers_again(node, sheet):
    _done, sheets = recover(node, sheet)
    done, _sheets = recover(node, sheets[0], "a third passphrase 31 here")
    assert [link.authorised_by for link in done.metadata.chain] == ["self", "recovery", "recovery"]
    change_passphrase(node, "a third passphrase 31 here", NEW)
    wizard.unlock(node, NEW).close()


def test_a_renewed_phrase_replaces_the_exposed_one_and_keeps_the_passphrase(node, sheet):
    done, sheets = renew(node)
    assert done.metadata.chain[-1].authorised_by == "master"
    assert done.metadata.data_key.retired_slots == 1
    assert count(node, PASSPHRASE) == ("passphrase", "", 5)
    wizard.unlock(node, recovery=sheets).close()
    with pytest.raises(WrongRecoveryPhrase):
        wizard.unlock(node, recovery=[sheet])


def test_a_database_without_a_phrase_gets_one(tmp_path):
    database = tmp_path / "bare.db"
    protect(database, tmp_path, recovery=None)
    with pytest.raises(NoRecovery):
        prepare_recovery(database, ["academic"], NEW)
    done, sheets = renew(database, recovery=RecoveryPlan(2, 3))
    assert done.metadata.data_key.retired_slots == 0
    wizard.unlock(database, recovery=sheets[1:]).close()
    # The next kit has as many sheets as this one, and the same holders, unless told otherwise.
    done, sheets = renew(database)
    slot = done.metadata.recovery_slot
    assert (slot.threshold, slot.shares, len(sheets)) == (2, 3, 3)
    with prepare_recovery(database, sheets[:2], NEW) as pending:
        pending.rehearse()
        pending.commit()
    wizard.unlock(database, NEW).close()


@pytest.mark.parametrize("begin", ["recover", "renew"])
def test_without_its_proof_nothing_is_replaced(node, sheet, begin):
    before = files_but_log(node.parent)
    pending = (
        prepare_recovery(node, [sheet], NEW)
        if begin == "recover"
        else prepare_renewal(node, PASSPHRASE)
    )
    with pending:
        with pytest.raises(NotProved):
            pending.commit()
        with pytest.raises(NotProved):
            pending.rehearse([sheet])  # the old sheet is not the new one
        with pytest.raises(Busy):
            change_passphrase(node, PASSPHRASE, NEW)
    assert files_but_log(node.parent) == before
    last = json.loads((node.parent / "node.db.audit.jsonl").read_text().splitlines()[-1])
    assert last["outcome"] == "failed" or last["outcome"] == "cancelled"
    wizard.unlock(node, PASSPHRASE).close()
    wizard.unlock(node, recovery=[sheet]).close()


def test_the_words_that_are_asked_for_are_those_of_the_new_kit(node, sheet):
    with prepare_recovery(node, [sheet], NEW) as pending:
        (only,) = pending.kit.sheets
        answers = [only.words[asked.position - 1] for asked in pending.challenge()]
        pending.check_words(answers)
        with pytest.raises(InvalidRecoveryPhrase):
            pending.check_words([*answers[:-1], "academic"])


def test_params_and_keyfile_are_new_where_they_are_given(node, sheet):
    done, _sheets = recover(node, sheet, params=DEARER, new_keyfile=b"key")
    assert done.metadata.master_slot.params == DEARER
    with pytest.raises(WrongPassphrase):
        wizard.unlock(node, NEW)
    wizard.unlock(node, NEW, keyfile=b"key").close()


def changed_word(sheet):
    words = list(parse_sheets([sheet]).mnemonics[0])
    words[9] = "zero" if words[9] != "zero" else "yoga"
    return " ".join(words)


REFUSED = {
    "a wrong word": (changed_word, NEW, InvalidRecoveryPhrase),
    "a weak passphrase": (lambda sheet: sheet, "password1", WeakPassphrase),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_is_refused_leaves_everything_as_it_was(node, sheet, case):
    given, passphrase, error = case
    before = files_but_log(node.parent)
    with pytest.raises(error):
        prepare_recovery(node, [given(sheet)], passphrase)
    assert files_but_log(node.parent) == before


def test_the_phrase_of_another_database_is_refused(node, sheet, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    protect(other / "node.db", other)
    with pytest.raises(WrongRecoveryPhrase):
        prepare_recovery(node, [(other / "sheet-1.txt").read_text()], NEW)


def test_an_operator_renews_nothing(node):
    add_operator(node, PASSPHRASE, "Ada", OPERATOR, params=CHEAP)
    with pytest.raises(NotPermitted):
        prepare_renewal(node, OPERATOR)


def test_the_sidecar_of_before_does_not_bring_the_old_phrase_back(node, sheet):
    before = sidecar_path(node).read_bytes()
    recover(node, sheet)
    sidecar_path(node).write_bytes(before)
    with pytest.raises(RolledBackMetadata):
        prepare_recovery(node, [sheet], NEW)
    with pytest.raises(RolledBackMetadata):
        wizard.unlock(node, recovery=[sheet])


def test_a_rehearsal_changes_nothing_and_is_recorded(node, sheet):
    before = files_but_log(node.parent)
    proved = rehearse_recovery(node, [sheet])
    assert proved.lines_outdated is False
    assert files_but_log(node.parent) == before
    last = json.loads((node.parent / "node.db.audit.jsonl").read_text().splitlines()[-1])
    assert (last["event"], last["outcome"]) == ("kit_proved", "done")
    words = " ".join(parse_sheets([sheet]).mnemonics[0])
    assert rehearse_recovery(node, [words]).lines_outdated is None
    with pytest.raises(InvalidRecoveryPhrase):
        rehearse_recovery(node, ["academic"])


def test_present_lines_are_those_on_the_sheet_and_need_no_secret(node, sheet):
    lines = recovery_lines(node)
    assert all(line in sheet for line in lines.lines)
    words = " ".join(parse_sheets([sheet]).mnemonics[0])
    typed = "\n".join(["== RECOVERY WORDS ==", words, "== RECOVERY SLOT ==", *lines.lines])
    sidecar_path(node).unlink()
    wizard.unlock(node, recovery=[typed]).close()
    wizard.unlock(node, recovery=[f"{words}\n{lines.payload}"]).close()


def test_all_of_it_is_in_the_audit_log_and_the_log_verifies(node, sheet):
    recover(node, sheet)
    renew(node, NEW)
    change_passphrase(node, NEW, PASSPHRASE)
    with pytest.raises(WrongPassphrase):
        change_passphrase(node, NEW, PASSPHRASE)
    assert verify_log(node).anchors == 1
    events = [json.loads(line) for line in (node.parent / "node.db.audit.jsonl").open()]
    told = [(each["event"], each["outcome"]) for each in events]
    for event in ("recover", "renew_recovery", "change_passphrase"):
        assert told.count((event, "done")) == 1
    assert told[-1] == ("change_passphrase", "failed")


@needs_tracing
@pytest.mark.parametrize("verb", ["recover", "renew"])
def test_killed_anywhere_one_passphrase_and_one_phrase_open_it(node, sheet, tmp_path, verb):
    pristine = tmp_path / "pristine"
    shutil.copytree(node.parent, pristine)
    paper = tmp_path / "paper"

    def change():
        pending = (
            prepare_recovery(node, [sheet], NEW)
            if verb == "recover"
            else prepare_renewal(node, PASSPHRASE)
        )
        with pending:
            paper.write_text(pending.kit.sheets[0].text())
            pending.rehearse([paper.read_text()])
            pending.commit()

    ends = set()
    for operation in each_kill(change, node.parent, pristine, sample=14):
        why = str(operation)
        with changing(node):
            pass
        assert inspect(node).state is State.PROTECTED, why
        new = inspect(node).metadata.generation == 2
        ends.add(new)
        passphrase = NEW if new and verb == "recover" else PASSPHRASE
        assert count(node, passphrase) == ("passphrase", "", 5), why
        wizard.unlock(node, recovery=[paper.read_text() if new else sheet]).close()
        # A kit that was made and never came into force is told apart from one that was replaced.
        with pytest.raises(WrongRecoveryPhrase if new else ForeignMetadata):
            wizard.unlock(node, recovery=[sheet if new else paper.read_text()])
    assert ends == {False, True}
