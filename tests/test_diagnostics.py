"""The error table: every class has a row, and the numbers scripts rely on never change."""

from __future__ import annotations

import errno
import inspect
from pathlib import Path

import pytest

from wizard import diagnostics, error_table
from wizard.diagnostics import explain, fault_id
from wizard.engine import errors
from wizard.engine.sidecar import write_error
from wizard.refusals import StatementFailed, UsageProblem

CLASSES = [
    member
    for _name, member in inspect.getmembers(errors, inspect.isclass)
    if issubclass(member, errors.WizardError)
]

# Promised to scripts. A line is added for a new class; no line is ever changed or removed.
FROZEN = {
    "WizardError": ("failed", 1),
    "UsageProblem": ("usage", 2),
    "WrongPassphrase": ("wrong_passphrase", 3),
    "NotProtected": ("not_protected", 4),
    "AlreadyProtected": ("already_protected", 5),
    "DamagedMetadata": ("damaged_metadata", 6),
    "ForeignMetadata": ("foreign_metadata", 7),
    "RolledBackMetadata": ("rolled_back_metadata", 8),
    "DamagedDatabase": ("damaged_database", 9),
    "Busy": ("busy", 10),
    "NoSpace": ("no_space", 11),
    "UnsupportedVersion": ("unsupported_version", 12),
    "ForeignTarget": ("foreign_target", 13),
    "Unreadable": ("unreadable", 14),
    "TargetAbsent": ("absent", 15),
    "Interrupted": ("interrupted", 16),
    "InvalidPassphrase": ("invalid_passphrase", 17),
    "WeakPassphrase": ("weak_passphrase", 18),
    "InvalidParameters": ("invalid_parameters", 19),
    "ResourceLimit": ("resource_limit", 20),
    "InvalidRecoveryPhrase": ("invalid_recovery_phrase", 21),
    "WrongRecoveryPhrase": ("wrong_recovery_phrase", 22),
    "NoRecovery": ("no_recovery", 23),
    "OutputExists": ("output_exists", 24),
    "UnsupportedDatabase": ("unsupported_database", 25),
    "VerificationFailed": ("verification_failed", 26),
    "NotProved": ("not_proved", 27),
    "StatementFailed": ("statement_failed", 28),
    "OutputFailed": ("output_failed", 46),
    "NotAuthenticated": ("not_authenticated", 41),
    "Forbidden": ("forbidden", 42),
    "Throttled": ("throttled", 43),
    "Overloaded": ("overloaded", 44),
    "InvalidRequest": ("invalid_request", 45),
    "InvalidConfiguration": ("invalid_configuration", 38),
    "InvalidInput": ("invalid_input", 29),
    "CannotBuild": ("cannot_build", 47),
    "NotVerified": ("not_verified", 30),
    "NotOpened": ("not_opened", 31),
    "NoMemory": ("no_memory", 32),
    "DamagedBackup": ("damaged_backup", 35),
    "OlderMetadata": ("older_metadata", 37),
    "NotPermitted": ("not_permitted", 36),
    "NameNotConfirmed": ("name_not_confirmed", 40),
    "AuditBroken": ("audit_broken", 33),
    "AuditUnavailable": ("audit_unavailable", 34),
    "WrongSignature": ("wrong_signature", 39),
    "Cancelled": ("cancelled", 130),
    "KeyboardInterrupt": ("cancelled", 130),
    "MemoryError": ("no_memory", 32),
}


def test_the_module_was_read():
    assert len(CLASSES) > 25


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_engine_error_has_a_row_of_its_own(kind):
    assert kind in error_table.TABLE


def test_codes_are_frozen():
    table = {kind.__name__: (row.code, row.exit_code) for kind, row in error_table.TABLE.items()}
    assert table == FROZEN


def test_every_engine_situation_has_an_exit_code_of_its_own():
    codes = [error_table.TABLE[kind].exit_code for kind in CLASSES]
    assert len(set(codes)) == len(codes)
    # 126 and 127 are the shell's, 128 and above mean a signal, but for Ctrl+C's 130.
    assert all(0 < code < 126 for code in codes if code != 130)


def test_a_code_word_and_an_exit_code_always_come_together():
    rows = [*error_table.TABLE.values(), *error_table.OPERATING_SYSTEM.values()]
    pairs = {(row.code, row.exit_code) for row in rows}
    assert len({code for code, _exit in pairs}) == len(pairs)
    assert len({exit_code for _code, exit_code in pairs}) == len(pairs)


@pytest.mark.parametrize("kind", error_table.TABLE, ids=lambda kind: kind.__name__)
def test_http_statuses_are_errors(kind):
    assert 400 <= error_table.TABLE[kind].http_status < 600


def test_a_subclass_speaks_with_its_ancestors_row():
    class KeyRefused(errors.NotVerified):
        pass

    assert explain(KeyRefused("no")).code == "not_verified"


def test_a_wrong_passphrase_names_the_fingerprint_and_the_next_command():
    error = errors.WrongPassphrase("7QJ4-M2XD", keyfile_expected=False, keyfile_given=False)
    told = explain(error, path="my {node} file.db")
    assert "7QJ4-M2XD" in told.message
    assert "datafold-wizard verify 'my {node} file.db' --recovery" in told.hint


def test_the_next_command_fits_the_reason():
    unchanged = errors.InvalidPassphrase("unchanged", "The new passphrase is the old one.")
    assert explain(unchanged, path="a b").hint == "datafold-wizard passwd 'a b' --retune"
    absent = errors.AuditUnavailable("There is no audit log.", code="absent")
    assert "audit restart PATH" in explain(absent).hint
    assert "Free space" in explain(errors.AuditUnavailable("No space is left.")).hint


def test_an_error_without_words_still_says_something():
    assert explain(errors.NotProtected()).message.startswith("A readable plaintext database.")


def test_a_message_is_one_line():
    assert "\n" not in explain(errors.Busy("first\nsecond")).message


def test_holders_and_places_are_named_once():
    busy = explain(errors.Busy("In use.", holders=("sqlite3 (pid 7)",))).message
    assert busy.count("sqlite3 (pid 7)") == 1
    named = explain(errors.Busy("In use by 7.", holders=("7",))).message
    assert named.count("7") == 1
    where = explain(errors.InvalidRecoveryPhrase("Not a word.", where="sheet 2, word 7")).message
    assert where.startswith("sheet 2, word 7: Not a word.")
    once = explain(errors.InvalidRecoveryPhrase("Sheet 2: not a word.", where="sheet 2")).message
    assert once.startswith("Sheet 2: not a word.")


@pytest.mark.parametrize(
    ("number", "code", "exit_code", "word"),
    [
        (errno.ENOSPC, "no_space", 11, "space"),
        (errno.EDQUOT, "no_space", 11, "uota"),
        (errno.EACCES, "unreadable", 14, "ermission"),
        (errno.EROFS, "unreadable", 14, "ead-only"),
        (errno.EIO, "unreadable", 14, "nput/output"),
        (errno.ENOENT, "absent", 15, "No such file"),
        (errno.EEXIST, "output_exists", 24, "exists"),
        (errno.ENAMETOOLONG, "invalid_input", 29, "too long"),
    ],
)
def test_the_operating_systems_refusals_are_sentences(number, code, exit_code, word):
    told = explain(OSError(number, "whatever", "/srv/kit.txt"))
    assert (told.code, told.exit_code) == (code, exit_code)
    assert "/srv/kit.txt" in told.message
    assert word in told.message


def test_an_error_on_a_descriptor_is_told_without_its_number():
    told = explain(OSError(errno.EIO, "whatever", 3))
    assert told.message == (
        "The operating system refused: Input/output error. Nothing was changed."
    )


@pytest.mark.parametrize(
    ("number", "word"),
    [(errno.ENOSPC, "no space left"), (errno.EDQUOT, "quota"), (errno.EFBIG, "so large")],
)
def test_a_refused_write_is_not_told_as_a_matter_of_counting(tmp_path, number, word):
    """Under a quota there are free bytes, and of what was to be written nothing is known."""
    told = explain(write_error(tmp_path / "node.db", 0, OSError(number, "x")))
    assert (told.code, told.exit_code) == ("no_space", 11)
    assert word in told.message
    assert "free bytes" not in told.message
    assert "quota" in told.hint


def test_an_operating_system_error_without_a_file_is_a_sentence_too():
    assert "No space left" in explain(OSError(errno.ENOSPC, "x")).message


def test_an_unexpected_error_is_named_by_place_and_never_quoted():
    try:
        diagnostics.operating_system_sentence(None)
    except AttributeError as error:
        unexpected = error
    told = explain(unexpected)
    assert (told.code, told.exit_code, told.http_status) == ("internal", 1, 500)
    assert "AttributeError at diagnostics.py:" in told.message
    secret = explain(ValueError("correct horse battery staple"))
    assert "horse" not in secret.message + secret.hint
    assert "ValueError at nowhere" in secret.message


def test_an_unknown_operating_system_error_is_unexpected():
    assert explain(OSError(errno.ENOTTY, "x")).code == "internal"


def test_the_same_fault_has_the_same_id():
    ids = set()
    for value in ("one", "two"):
        try:
            int(value)
        except ValueError as error:
            ids.add(fault_id(error))
    assert len(ids) == 1
    assert Path(__file__).name in ids.pop()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), errors.Cancelled()])
def test_cancelling_is_130_and_one_sentence(error):
    told = explain(error)
    assert told.exit_code == 130
    assert told.message == "Cancelled. Nothing was changed."
    assert told.hint == ""


def test_front_end_errors_promise_nothing_about_the_database():
    for kind in (UsageProblem, StatementFailed):
        assert explain(kind("Said.")).message == "Said."


def test_the_api_form_has_no_http_status():
    told = explain(errors.Cancelled()).as_dict()
    assert set(told) == {"code", "exit_code", "message", "hint"}
