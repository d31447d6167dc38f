"""The engine's front door: front ends and programs import these names from here, and no others.

A name is loaded when it is first used, so that telling a state costs no Argon2 and no word lists.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wizard.engine.attack import (
        AttackCost,
        attack_cost,
        describe_duration,
    )
    from wizard.engine.audit_entry import (
        AuditEntry,
        Outcome,
        audit_path,
    )
    from wizard.engine.audit_facts import (
        AuditStatus,
        LogState,
        audit_status,
    )
    from wizard.engine.audit_reading import (
        last_event,
        read_log,
    )
    from wizard.engine.audit_restarting import (
        RestartedLog,
        restart_log,
    )
    from wizard.engine.audit_verification import (
        AuditReport,
        verify_log,
    )
    from wizard.engine.authority import (
        Changed,
    )
    from wizard.engine.backing_up import (
        BackupFacts,
        BackupKind,
        backup,
        backup_metadata,
        verify_backup,
    )
    from wizard.engine.changing import (
        end_interrupted,
    )
    from wizard.engine.checklist import (
        Item,
        ItemState,
        ItemStatus,
        checklist_of,
        record_item,
        record_lines,
    )
    from wizard.engine.database_verification import (
        Verification,
        verify,
    )
    from wizard.engine.decrypting import (
        Decrypted,
        decrypt,
    )
    from wizard.engine.discovery import (
        default_directories,
        discover,
    )
    from wizard.engine.errors import (
        AlreadyProtected,
        AuditBroken,
        AuditUnavailable,
        Busy,
        Cancelled,
        DamagedBackup,
        DamagedDatabase,
        DamagedMetadata,
        ForeignMetadata,
        ForeignTarget,
        Interrupted,
        InvalidInput,
        InvalidParameters,
        InvalidPassphrase,
        InvalidRecoveryPhrase,
        NameNotConfirmed,
        NoMemory,
        NoRecovery,
        NoSpace,
        NotOpened,
        NotPermitted,
        NotProtected,
        NotProved,
        NotVerified,
        OlderMetadata,
        OutputExists,
        ResourceLimit,
        RolledBackMetadata,
        TargetAbsent,
        Unreadable,
        UnsupportedDatabase,
        UnsupportedVersion,
        VerificationFailed,
        WeakPassphrase,
        WizardError,
        WrongPassphrase,
        WrongRecoveryPhrase,
        WrongSignature,
    )
    from wizard.engine.exposure import (
        Outlook,
        outlook,
    )
    from wizard.engine.file_signature import (
        SignedFile,
        sign_file,
        verify_signature,
    )
    from wizard.engine.filehead import (
        FileKind,
        classify,
    )
    from wizard.engine.fingerprint import (
        fingerprint_words,
        openssh_fingerprint,
        randomart,
    )
    from wizard.engine.foretelling import (
        BenchmarkReport,
        foretold_seconds,
        read_benchmark,
    )
    from wizard.engine.generator import (
        GENERATED_WORDS,
        MOST_GENERATED_WORDS,
        GeneratedPassphrase,
        generate_passphrase,
    )
    from wizard.engine.grants import (
        Grant,
        Role,
        claimed_database,
        issue_grant,
        revoke_grant,
        verify_grant,
    )
    from wizard.engine.initialization import (
        DEFAULT_MINIMUM_SCORE,
        initialize,
        prepare_initialization,
        undo_interrupted,
    )
    from wizard.engine.inspection import (
        Inspection,
        State,
        inspect,
    )
    from wizard.engine.kdf import (
        FLOOR,
        FORMAT_MAXIMUM,
        RFC_9106_FIRST,
        RFC_9106_SECOND,
        RFC_9106_SETS,
        KdfParams,
    )
    from wizard.engine.keyfile import (
        KeyfileInput,
    )
    from wizard.engine.kit import (
        KitSheet,
        RecoveryKit,
    )
    from wizard.engine.kit_change import (
        PendingChange,
    )
    from wizard.engine.kit_proof import (
        WordChallenge,
    )
    from wizard.engine.kit_reading import (
        parse_sheets,
    )
    from wizard.engine.masterkey import (
        MasterPublicKey,
    )
    from wizard.engine.measuring import (
        Measurement,
        measure,
    )
    from wizard.engine.memory import (
        MemoryLimit,
        check_unattended,
        machine_limit,
    )
    from wizard.engine.metadata import (
        AuditHead,
        Metadata,
        read_metadata,
    )
    from wizard.engine.metadata_restoring import (
        RestoredMetadata,
        restore_metadata,
    )
    from wizard.engine.opening import (
        Database,
    )
    from wizard.engine.operators import (
        add_operator,
        remove_operator,
        rename_operator,
    )
    from wizard.engine.passphrase import (
        MAXIMUM_CHARACTERS,
        PassphraseSource,
        Strength,
        check_strength,
        new_passphrase_from,
        passphrase_from,
        strength,
        strip_line_ending,
    )
    from wizard.engine.passphrase_change import (
        KeyfileChange,
        change_passphrase,
        retune,
    )
    from wizard.engine.pending import (
        Initialized,
        OriginalPolicy,
        PendingInitialization,
    )
    from wizard.engine.preloading import (
        load_initialization,
    )
    from wizard.engine.progress import (
        CancelToken,
        Progress,
        ProgressSink,
        Stage,
        ignore_progress,
    )
    from wizard.engine.receipt import (
        read_receipt,
        receipt_key,
        receipt_name,
        remove_receipt,
        write_receipt,
    )
    from wizard.engine.recipients import (
        Recipient,
        encrypt_to,
        recipients_from,
    )
    from wizard.engine.recovering import (
        prepare_recovery,
        prepare_renewal,
    )
    from wizard.engine.recovery import (
        Mnemonic,
        RecoveryPlan,
        complete_word,
        is_word,
        possible_words,
    )
    from wizard.engine.rehearsal import (
        Rehearsal,
        SlotLines,
        recovery_lines,
        recovery_status,
        rehearse_recovery,
    )
    from wizard.engine.reinitialization import (
        PendingReinitialization,
        Reinitialized,
        check_reinitializable,
        prepare_reinitialization,
    )
    from wizard.engine.restoring import (
        Restored,
        restore,
    )
    from wizard.engine.retyping import (
        PassphraseWarning,
        passphrase_warnings,
    )
    from wizard.engine.rotation import (
        Rotated,
        rotate,
    )
    from wizard.engine.secret import (
        MemoryProtection,
        Secret,
        memory_protection,
        protect_process,
        wipe_all,
    )
    from wizard.engine.sidecar import (
        create_file,
        read_regular,
        sidecar_path,
    )
    from wizard.engine.source import (
        ConversionReport,
    )
    from wizard.engine.sqlite import (
        Cipher,
        recommended_cipher,
    )
    from wizard.engine.status import (
        status_report,
    )
    from wizard.engine.survey import (
        Survey,
        survey_database,
    )
    from wizard.engine.throughput import (
        CipherThroughput,
        cipher_throughput,
    )
    from wizard.engine.tuning import (
        PRESETS,
        Preset,
        calibrate,
        preset,
        presets,
    )
    from wizard.engine.unlocking import (
        unlock,
    )
    from wizard.engine.wordprint import (
        WORDPRINT_WORDS,
        Wordprint,
    )
    from wizard.engine.working_memory import (
        usable_processors,
    )

_NAMES = {
    "attack": "AttackCost attack_cost describe_duration",
    "audit_entry": "AuditEntry Outcome audit_path",
    "audit_facts": "AuditStatus LogState audit_status",
    "audit_reading": "last_event read_log",
    "audit_restarting": "RestartedLog restart_log",
    "audit_verification": "AuditReport verify_log",
    "authority": "Changed",
    "backing_up": "BackupFacts BackupKind backup backup_metadata verify_backup",
    "changing": "end_interrupted",
    "checklist": "Item ItemState ItemStatus checklist_of record_item record_lines",
    "database_verification": "Verification verify",
    "decrypting": "Decrypted decrypt",
    "discovery": "default_directories discover",
    "errors": "AlreadyProtected AuditBroken AuditUnavailable Busy Cancelled DamagedBackup DamagedDatabase DamagedMetadata ForeignMetadata ForeignTarget Interrupted InvalidInput InvalidParameters InvalidPassphrase InvalidRecoveryPhrase NameNotConfirmed NoMemory NoRecovery NoSpace NotOpened NotPermitted NotProtected NotProved NotVerified OlderMetadata OutputExists ResourceLimit RolledBackMetadata TargetAbsent Unreadable UnsupportedDatabase UnsupportedVersion VerificationFailed WeakPassphrase WizardError WrongPassphrase WrongRecoveryPhrase WrongSignature",
    "file_signature": "SignedFile sign_file verify_signature",
    "filehead": "FileKind classify",
    "fingerprint": "fingerprint_words openssh_fingerprint randomart",
    "foretelling": "BenchmarkReport foretold_seconds read_benchmark",
    "generator": "GENERATED_WORDS GeneratedPassphrase MOST_GENERATED_WORDS generate_passphrase",
    "grants": "Grant Role claimed_database issue_grant revoke_grant verify_grant",
    "initialization": "DEFAULT_MINIMUM_SCORE initialize prepare_initialization undo_interrupted",
    "inspection": "Inspection State inspect",
    "kdf": "FLOOR FORMAT_MAXIMUM KdfParams RFC_9106_FIRST RFC_9106_SECOND RFC_9106_SETS",
    "keyfile": "KeyfileInput",
    "kit": "KitSheet RecoveryKit",
    "kit_change": "PendingChange",
    "kit_proof": "WordChallenge",
    "kit_reading": "parse_sheets",
    "masterkey": "MasterPublicKey",
    "measuring": "Measurement measure",
    "memory": "MemoryLimit check_unattended machine_limit",
    "metadata": "AuditHead Metadata read_metadata",
    "metadata_restoring": "RestoredMetadata restore_metadata",
    "opening": "Database",
    "operators": "add_operator remove_operator rename_operator",
    "exposure": "Outlook outlook",
    "passphrase": "MAXIMUM_CHARACTERS PassphraseSource Strength check_strength new_passphrase_from passphrase_from strength strip_line_ending",
    "passphrase_change": "KeyfileChange change_passphrase retune",
    "pending": "Initialized OriginalPolicy PendingInitialization",
    "preloading": "load_initialization",
    "progress": "CancelToken Progress ProgressSink Stage ignore_progress",
    "receipt": "read_receipt receipt_key receipt_name remove_receipt write_receipt",
    "recipients": "Recipient encrypt_to recipients_from",
    "recovering": "prepare_recovery prepare_renewal",
    "recovery": "Mnemonic RecoveryPlan complete_word is_word possible_words",
    "rehearsal": "Rehearsal SlotLines recovery_lines recovery_status rehearse_recovery",
    "reinitialization": "PendingReinitialization Reinitialized check_reinitializable prepare_reinitialization",
    "restoring": "Restored restore",
    "retyping": "PassphraseWarning passphrase_warnings",
    "rotation": "Rotated rotate",
    "secret": "MemoryProtection Secret memory_protection protect_process wipe_all",
    "sidecar": "create_file read_regular sidecar_path",
    "source": "ConversionReport",
    "sqlite": "Cipher recommended_cipher",
    "status": "status_report",
    "survey": "Survey survey_database",
    "throughput": "CipherThroughput cipher_throughput",
    "tuning": "PRESETS Preset calibrate preset presets",
    "unlocking": "unlock",
    "wordprint": "WORDPRINT_WORDS Wordprint",
    "working_memory": "usable_processors",
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names.split()}

__all__ = [
    "DEFAULT_MINIMUM_SCORE",
    "FLOOR",
    "FORMAT_MAXIMUM",
    "GENERATED_WORDS",
    "MAXIMUM_CHARACTERS",
    "MOST_GENERATED_WORDS",
    "PRESETS",
    "RFC_9106_FIRST",
    "RFC_9106_SECOND",
    "RFC_9106_SETS",
    "WORDPRINT_WORDS",
    "AlreadyProtected",
    "AttackCost",
    "AuditBroken",
    "AuditEntry",
    "AuditHead",
    "AuditReport",
    "AuditStatus",
    "AuditUnavailable",
    "BackupFacts",
    "BackupKind",
    "BenchmarkReport",
    "Busy",
    "CancelToken",
    "Cancelled",
    "Changed",
    "Cipher",
    "CipherThroughput",
    "ConversionReport",
    "DamagedBackup",
    "DamagedDatabase",
    "DamagedMetadata",
    "Database",
    "Decrypted",
    "FileKind",
    "ForeignMetadata",
    "ForeignTarget",
    "GeneratedPassphrase",
    "Grant",
    "Initialized",
    "Inspection",
    "Interrupted",
    "InvalidInput",
    "InvalidParameters",
    "InvalidPassphrase",
    "InvalidRecoveryPhrase",
    "Item",
    "ItemState",
    "ItemStatus",
    "KdfParams",
    "KeyfileChange",
    "KeyfileInput",
    "KitSheet",
    "LogState",
    "MasterPublicKey",
    "Measurement",
    "MemoryLimit",
    "MemoryProtection",
    "Metadata",
    "Mnemonic",
    "NameNotConfirmed",
    "NoMemory",
    "NoRecovery",
    "NoSpace",
    "NotOpened",
    "NotPermitted",
    "NotProtected",
    "NotProved",
    "NotVerified",
    "OlderMetadata",
    "OriginalPolicy",
    "Outcome",
    "Outlook",
    "OutputExists",
    "PassphraseSource",
    "PassphraseWarning",
    "PendingChange",
    "PendingInitialization",
    "PendingReinitialization",
    "Preset",
    "Progress",
    "ProgressSink",
    "Recipient",
    "RecoveryKit",
    "RecoveryPlan",
    "Rehearsal",
    "Reinitialized",
    "ResourceLimit",
    "RestartedLog",
    "Restored",
    "RestoredMetadata",
    "Role",
    "RolledBackMetadata",
    "Rotated",
    "Secret",
    "SignedFile",
    "SlotLines",
    "Stage",
    "State",
    "Strength",
    "Survey",
    "TargetAbsent",
    "Unreadable",
    "UnsupportedDatabase",
    "UnsupportedVersion",
    "Verification",
    "VerificationFailed",
    "WeakPassphrase",
    "WizardError",
    "WordChallenge",
    "Wordprint",
    "WrongPassphrase",
    "WrongRecoveryPhrase",
    "WrongSignature",
    "add_operator",
    "attack_cost",
    "audit_path",
    "audit_status",
    "backup",
    "backup_metadata",
    "calibrate",
    "change_passphrase",
    "check_reinitializable",
    "check_strength",
    "check_unattended",
    "checklist_of",
    "cipher_throughput",
    "claimed_database",
    "classify",
    "complete_word",
    "create_file",
    "decrypt",
    "default_directories",
    "describe_duration",
    "discover",
    "encrypt_to",
    "end_interrupted",
    "fingerprint_words",
    "foretold_seconds",
    "generate_passphrase",
    "ignore_progress",
    "initialize",
    "inspect",
    "is_word",
    "issue_grant",
    "last_event",
    "load_initialization",
    "machine_limit",
    "measure",
    "memory_protection",
    "new_passphrase_from",
    "openssh_fingerprint",
    "outlook",
    "parse_sheets",
    "passphrase_from",
    "passphrase_warnings",
    "possible_words",
    "prepare_initialization",
    "prepare_recovery",
    "prepare_reinitialization",
    "prepare_renewal",
    "preset",
    "presets",
    "protect_process",
    "randomart",
    "read_benchmark",
    "read_log",
    "read_metadata",
    "read_receipt",
    "read_regular",
    "receipt_key",
    "receipt_name",
    "recipients_from",
    "recommended_cipher",
    "record_item",
    "record_lines",
    "recovery_lines",
    "recovery_status",
    "rehearse_recovery",
    "remove_operator",
    "remove_receipt",
    "rename_operator",
    "restart_log",
    "restore",
    "restore_metadata",
    "retune",
    "revoke_grant",
    "rotate",
    "sidecar_path",
    "sign_file",
    "status_report",
    "strength",
    "strip_line_ending",
    "survey_database",
    "undo_interrupted",
    "unlock",
    "usable_processors",
    "verify",
    "verify_backup",
    "verify_grant",
    "verify_log",
    "verify_signature",
    "wipe_all",
    "write_receipt",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
