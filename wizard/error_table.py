"""The table of errors: what each is called, by a person, a script and an HTTP client.

- Every class in ``wizard.engine.errors`` has a row of its own; a subclass without one speaks with
  its nearest ancestor's (the table is walked along the MRO). A test demands the rows.
- Exit codes and `code` words are promises: they never change between releases and are never
  reused. New situations get new numbers.
"""

from __future__ import annotations

import errno

from wizard import refusals
from wizard.engine import errors
from wizard.values import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `hint` may hold ``{program}`` and ``{path}``."""

    code: str
    exit_code: int
    http_status: int
    assurance: str
    hint: str


_NOTHING = "Nothing was changed."
_NOTHING_WRITTEN = "Nothing was written."
_STATUS = "See what is there: {program} status {path}"
_BACKUP_SIDECAR = (
    "Put a saved copy back: {program} restore --metadata FILE {path} - or use the recovery "
    "kit: {program} verify {path} --recovery SHEET_FILE"
)
_OWNER = "Look at its owner and permissions (ls -l), or run as the user that owns the database."
_LESS_MEMORY = "Stop other programs, or see what fits this machine: {program} benchmark"

INTERNAL = Row(
    "internal",
    1,
    500,
    "Files are replaced only after their replacement was proved, so nothing is lost.",
    "See what is there: {program} status {path} - and report the words in parentheses.",
)

TABLE: Mapping[type[BaseException], Row] = {
    errors.WizardError: Row("failed", 1, 500, _NOTHING, _STATUS),
    refusals.UsageProblem: Row("usage", 2, 400, "", ""),
    errors.WrongPassphrase: Row(
        "wrong_passphrase",
        3,
        403,
        _NOTHING,
        "If that is not the fingerprint you noted, the .crypto.json file was replaced. If it is, "
        "try again, or use the recovery kit: {program} verify {path} --recovery SHEET_FILE",
    ),
    errors.NotProtected: Row(
        "not_protected",
        4,
        409,
        _NOTHING,
        "Protect it: {program} init {path}",
    ),
    errors.AlreadyProtected: Row(
        "already_protected",
        5,
        409,
        _NOTHING,
        "Prove that it opens: {program} verify {path}",
    ),
    errors.DamagedMetadata: Row("damaged_metadata", 6, 409, _NOTHING, _BACKUP_SIDECAR),
    errors.ForeignMetadata: Row(
        "foreign_metadata",
        7,
        409,
        _NOTHING,
        "Put this database's own .crypto.json file beside it, or use the recovery kit: "
        "{program} verify {path} --recovery SHEET_FILE",
    ),
    errors.RolledBackMetadata: Row(
        "rolled_back_metadata",
        8,
        409,
        _NOTHING,
        "Put the newest .crypto.json file beside the database; if nobody here restored an old "
        "one, find out who did.",
    ),
    errors.DamagedDatabase: Row(
        "damaged_database",
        9,
        409,
        _NOTHING,
        "Copy the file away before anything else, then restore the database from a backup.",
    ),
    errors.Busy: Row(
        "busy",
        10,
        409,
        _NOTHING,
        "Stop the program that uses the database, then run the same command again.",
    ),
    errors.NoSpace: Row(
        "no_space",
        11,
        507,
        _NOTHING,
        "Make room on the same file system, within its quota, then run the same command again.",
    ),
    errors.UnsupportedVersion: Row(
        "unsupported_version",
        12,
        409,
        _NOTHING,
        "Use a newer version of this program: pip install --upgrade datafold-wizard",
    ),
    errors.ForeignTarget: Row(
        "foreign_target",
        13,
        409,
        _NOTHING,
        "Check the path. A database encrypted by another program must be decrypted by it first.",
    ),
    errors.Unreadable: Row(
        "unreadable",
        14,
        500,
        _NOTHING,
        f"{_OWNER} After an input/output error look at the disk and the quota first.",
    ),
    errors.TargetAbsent: Row(
        "absent",
        15,
        404,
        _NOTHING,
        "Check the path, or make a new encrypted database there: {program} init {path}",
    ),
    errors.Interrupted: Row("interrupted", 16, 423, "Nothing is lost.", _STATUS),
    errors.InvalidPassphrase: Row(
        "invalid_passphrase",
        17,
        422,
        _NOTHING,
        "Choose 1 to 1024 characters that can be seen or are spaces.",
    ),
    errors.WeakPassphrase: Row(
        "weak_passphrase",
        18,
        422,
        _NOTHING,
        "Add a few unrelated words, or lower what is asked for with --min-score.",
    ),
    errors.InvalidParameters: Row(
        "invalid_parameters",
        19,
        422,
        _NOTHING,
        "Measure what this machine can do: {program} benchmark",
    ),
    errors.ResourceLimit: Row(
        "resource_limit",
        20,
        422,
        _NOTHING,
        "Ask for less memory, or say that it may be used: --allow-high-cost",
    ),
    errors.InvalidRecoveryPhrase: Row(
        "invalid_recovery_phrase",
        21,
        422,
        _NOTHING,
        "Compare with the sheet, word by word; the first four letters of a word suffice to know it.",
    ),
    errors.WrongRecoveryPhrase: Row(
        "wrong_recovery_phrase",
        22,
        403,
        _NOTHING,
        "Compare the database id and fingerprint on the sheet with: {program} status {path}",
    ),
    errors.NoRecovery: Row(
        "no_recovery",
        23,
        409,
        _NOTHING,
        "Only the passphrase opens this database: {program} verify {path}",
    ),
    errors.OutputExists: Row(
        "output_exists",
        24,
        409,
        _NOTHING,
        "Move that file away, or choose another name.",
    ),
    errors.UnsupportedDatabase: Row(
        "unsupported_database",
        25,
        422,
        _NOTHING,
        "Change the named part of the database, then run the same command again.",
    ),
    errors.VerificationFailed: Row(
        "verification_failed",
        26,
        500,
        "The original is as it was.",
        "Check the original with SQLite's PRAGMA integrity_check, and the disk it is on.",
    ),
    errors.NotProved: Row(
        "not_proved",
        27,
        409,
        _NOTHING,
        "Start again and let the recovery kit be tried before anything is replaced.",
    ),
    refusals.StatementFailed: Row("statement_failed", 28, 422, "", ""),
    refusals.OutputFailed: Row(
        "output_failed", 46, 500, "What the command did before is done.", _STATUS
    ),
    refusals.NotAuthenticated: Row(
        "not_authenticated",
        41,
        401,
        "",
        "Send a token in the header: Authorization: Bearer TOKEN. "
        "Make one with: {program} grant DATABASE --role auditor --subject NAME",
    ),
    refusals.Forbidden: Row(
        "forbidden", 42, 403, _NOTHING, "Ask for a token with the role that this needs."
    ),
    refusals.Throttled: Row("throttled", 43, 429, "", "Wait as long as Retry-After says."),
    refusals.Overloaded: Row("overloaded", 44, 503, "", "Wait as long as Retry-After says."),
    refusals.InvalidRequest: Row("invalid_request", 45, 400, _NOTHING, ""),
    refusals.InvalidConfiguration: Row(
        "invalid_configuration",
        38,
        500,
        _NOTHING,
        "See every fault, with file and line: {program} config check",
    ),
    errors.InvalidInput: Row("invalid_input", 29, 422, _NOTHING, ""),
    errors.NotPermitted: Row(
        "not_permitted",
        36,
        403,
        _NOTHING,
        "Ask whoever has the master passphrase, or the recovery kit: {program} recover {path}",
    ),
    errors.NameNotConfirmed: Row(
        "name_not_confirmed",
        40,
        422,
        _NOTHING,
        "Type the name when asked, or give it with --confirm NAME.",
    ),
    errors.CannotBuild: Row(
        "cannot_build",
        47,
        409,
        "Nothing was changed, and everything works as before, with the Argon2 that runs now.",
        "",
    ),
    errors.NotVerified: Row("not_verified", 30, 409, _NOTHING, _STATUS),
    errors.NotOpened: Row("not_opened", 31, 403, _NOTHING, _STATUS),
    errors.AuditBroken: Row(
        "audit_broken",
        33,
        409,
        _NOTHING,
        "Copy the log away as it is, and compare it with saved copies: {program} audit show {path}. "
        "Where the reason is known: {program} audit restart {path}",
    ),
    errors.AuditUnavailable: Row(
        "audit_unavailable",
        34,
        503,
        _NOTHING,
        "Free space, or make the .audit.jsonl file beside the database writable, then run the same "
        "command again.",
    ),
    errors.WrongSignature: Row(
        "wrong_signature",
        39,
        409,
        _NOTHING,
        "Get the file and its signature again from where they come from; do not use the file.",
    ),
    errors.DamagedBackup: Row(
        "damaged_backup",
        35,
        409,
        _NOTHING,
        "Use another copy. If there is none, tar -xf FILE takes out what is there, unverified.",
    ),
    errors.OlderMetadata: Row(
        "older_metadata",
        37,
        409,
        _NOTHING,
        "Take a newer copy. If there is none and older is meant, say so, with the passphrase of "
        "that time: --allow-older --prove",
    ),
    errors.Cancelled: Row("cancelled", 130, 409, _NOTHING, ""),
    KeyboardInterrupt: Row("cancelled", 130, 409, _NOTHING, ""),
    errors.NoMemory: Row("no_memory", 32, 503, _NOTHING, _LESS_MEMORY),
    MemoryError: Row("no_memory", 32, 503, _NOTHING, _LESS_MEMORY),
}

# What the operating system refuses, if no engine error has said it better before.
_FULL = "Free space on that file system, then run the same command again."
OPERATING_SYSTEM: Mapping[int, Row] = {
    errno.ENOSPC: Row("no_space", 11, 507, _NOTHING, _FULL),
    errno.EDQUOT: Row("no_space", 11, 507, _NOTHING, _FULL),
    errno.EFBIG: Row("no_space", 11, 507, _NOTHING, _FULL),
    errno.EACCES: Row("unreadable", 14, 500, _NOTHING, _OWNER),
    errno.EPERM: Row("unreadable", 14, 500, _NOTHING, _OWNER),
    errno.EROFS: Row(
        "unreadable",
        14,
        500,
        _NOTHING,
        "That file system is mounted read-only: copy the database to a writable place first.",
    ),
    errno.EIO: Row("unreadable", 14, 500, _NOTHING, "Copy what can be read; check the disk."),
    errno.ENOENT: Row("absent", 15, 404, _NOTHING, "Check the path."),
    errno.ENOTDIR: Row("absent", 15, 404, _NOTHING, "Check the path."),
    errno.ENAMETOOLONG: Row("invalid_input", 29, 422, _NOTHING, "Choose a shorter name."),
    errno.EEXIST: TABLE[errors.OutputExists],
    errno.EISDIR: TABLE[errors.ForeignTarget],
}


# What to do next where an error's own `code` says more than its class does.
HINTS_BY_CODE: Mapping[tuple[str, str], str] = {
    ("audit_unavailable", "absent"): "It begins when the database is protected or next opened. "
    "If there was one, look for a copy, or begin a new one: {program} audit restart {path}",
    ("cannot_build", "pip"): "Add it, with python -m ensurepip or uv pip install pip, then run the "
    "same command again.",
    ("cannot_build", "compiler"): "Install one, with apt install gcc or dnf install gcc, then run "
    "the same command again.",
    ("cannot_build", "headers"): "Install them, with apt install python3-dev or dnf install "
    "python3-devel, then run the same command again.",
    ("cannot_build", "place"): "Run the same command as the user that installed this program.",
    ("cannot_build", "fetch"): "Run the same command where pip reaches its package index.",
    ("invalid_passphrase", "masters"): "Choose a passphrase that nobody else has.",
    ("invalid_passphrase", "operators"): "Choose a passphrase that nobody else has.",
    ("invalid_passphrase", "unchanged"): "{program} passwd {path} --retune",
}
