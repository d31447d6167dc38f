"""The engine's front door: front ends and programs import these names from here, and no others.

A name is loaded when it is first used, so that telling a state costs no Argon2 and no word lists.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wizard.engine.accelerating import Accelerated as Accelerated
    from wizard.engine.accelerating import Argon2InUse as Argon2InUse
    from wizard.engine.accelerating import accelerate as accelerate
    from wizard.engine.accelerating import argon2_in_use as argon2_in_use
    from wizard.engine.accelerating import remove_acceleration as remove_acceleration
    from wizard.engine.attack import AttackCost as AttackCost
    from wizard.engine.attack import attack_cost as attack_cost
    from wizard.engine.attack import describe_duration as describe_duration
    from wizard.engine.audit_entry import AuditEntry as AuditEntry
    from wizard.engine.audit_entry import Outcome as Outcome
    from wizard.engine.audit_entry import audit_path as audit_path
    from wizard.engine.audit_facts import AuditStatus as AuditStatus
    from wizard.engine.audit_facts import LogState as LogState
    from wizard.engine.audit_facts import audit_status as audit_status
    from wizard.engine.audit_reading import last_event as last_event
    from wizard.engine.audit_reading import read_log as read_log
    from wizard.engine.audit_restarting import RestartedLog as RestartedLog
    from wizard.engine.audit_restarting import restart_log as restart_log
    from wizard.engine.audit_verification import AuditReport as AuditReport
    from wizard.engine.audit_verification import verify_log as verify_log
    from wizard.engine.authority import Changed as Changed
    from wizard.engine.backing_up import BackupFacts as BackupFacts
    from wizard.engine.backing_up import BackupKind as BackupKind
    from wizard.engine.backing_up import backup as backup
    from wizard.engine.backing_up import backup_metadata as backup_metadata
    from wizard.engine.backing_up import verify_backup as verify_backup
    from wizard.engine.changing import end_interrupted as end_interrupted
    from wizard.engine.checklist import Item as Item
    from wizard.engine.checklist import ItemState as ItemState
    from wizard.engine.checklist import ItemStatus as ItemStatus
    from wizard.engine.checklist import checklist_of as checklist_of
    from wizard.engine.checklist import record_item as record_item
    from wizard.engine.checklist import record_lines as record_lines
    from wizard.engine.database_verification import Verification as Verification
    from wizard.engine.database_verification import verify as verify
    from wizard.engine.decrypting import Decrypted as Decrypted
    from wizard.engine.decrypting import decrypt as decrypt
    from wizard.engine.discovery import default_directories as default_directories
    from wizard.engine.discovery import discover as discover
    from wizard.engine.errors import AlreadyProtected as AlreadyProtected
    from wizard.engine.errors import AuditBroken as AuditBroken
    from wizard.engine.errors import AuditUnavailable as AuditUnavailable
    from wizard.engine.errors import Busy as Busy
    from wizard.engine.errors import Cancelled as Cancelled
    from wizard.engine.errors import CannotBuild as CannotBuild
    from wizard.engine.errors import DamagedBackup as DamagedBackup
    from wizard.engine.errors import DamagedDatabase as DamagedDatabase
    from wizard.engine.errors import DamagedMetadata as DamagedMetadata
    from wizard.engine.errors import ForeignMetadata as ForeignMetadata
    from wizard.engine.errors import ForeignTarget as ForeignTarget
    from wizard.engine.errors import Interrupted as Interrupted
    from wizard.engine.errors import InvalidInput as InvalidInput
    from wizard.engine.errors import InvalidParameters as InvalidParameters
    from wizard.engine.errors import InvalidPassphrase as InvalidPassphrase
    from wizard.engine.errors import InvalidRecoveryPhrase as InvalidRecoveryPhrase
    from wizard.engine.errors import NameNotConfirmed as NameNotConfirmed
    from wizard.engine.errors import NoMemory as NoMemory
    from wizard.engine.errors import NoRecovery as NoRecovery
    from wizard.engine.errors import NoSpace as NoSpace
    from wizard.engine.errors import NotOpened as NotOpened
    from wizard.engine.errors import NotPermitted as NotPermitted
    from wizard.engine.errors import NotProtected as NotProtected
    from wizard.engine.errors import NotProved as NotProved
    from wizard.engine.errors import NotVerified as NotVerified
    from wizard.engine.errors import OlderMetadata as OlderMetadata
    from wizard.engine.errors import OutputExists as OutputExists
    from wizard.engine.errors import ResourceLimit as ResourceLimit
    from wizard.engine.errors import RolledBackMetadata as RolledBackMetadata
    from wizard.engine.errors import TargetAbsent as TargetAbsent
    from wizard.engine.errors import Unreadable as Unreadable
    from wizard.engine.errors import UnsupportedDatabase as UnsupportedDatabase
    from wizard.engine.errors import UnsupportedVersion as UnsupportedVersion
    from wizard.engine.errors import VerificationFailed as VerificationFailed
    from wizard.engine.errors import WeakPassphrase as WeakPassphrase
    from wizard.engine.errors import WizardError as WizardError
    from wizard.engine.errors import WrongPassphrase as WrongPassphrase
    from wizard.engine.errors import WrongRecoveryPhrase as WrongRecoveryPhrase
    from wizard.engine.errors import WrongSignature as WrongSignature
    from wizard.engine.exposure import Outlook as Outlook
    from wizard.engine.exposure import outlook as outlook
    from wizard.engine.file_signature import SignedFile as SignedFile
    from wizard.engine.file_signature import sign_file as sign_file
    from wizard.engine.file_signature import verify_signature as verify_signature
    from wizard.engine.filehead import FileKind as FileKind
    from wizard.engine.filehead import classify as classify
    from wizard.engine.fingerprint import fingerprint_words as fingerprint_words
    from wizard.engine.fingerprint import openssh_fingerprint as openssh_fingerprint
    from wizard.engine.fingerprint import randomart as randomart
    from wizard.engine.foretelling import BenchmarkReport as BenchmarkReport
    from wizard.engine.foretelling import foretold_seconds as foretold_seconds
    from wizard.engine.foretelling import read_benchmark as read_benchmark
    from wizard.engine.generator import GENERATED_WORDS as GENERATED_WORDS
    from wizard.engine.generator import MOST_GENERATED_WORDS as MOST_GENERATED_WORDS
    from wizard.engine.generator import GeneratedPassphrase as GeneratedPassphrase
    from wizard.engine.generator import generate_passphrase as generate_passphrase
    from wizard.engine.grants import Grant as Grant
    from wizard.engine.grants import Role as Role
    from wizard.engine.grants import claimed_database as claimed_database
    from wizard.engine.grants import issue_grant as issue_grant
    from wizard.engine.grants import revoke_grant as revoke_grant
    from wizard.engine.grants import verify_grant as verify_grant
    from wizard.engine.initialization import DEFAULT_MINIMUM_SCORE as DEFAULT_MINIMUM_SCORE
    from wizard.engine.initialization import initialize as initialize
    from wizard.engine.initialization import prepare_initialization as prepare_initialization
    from wizard.engine.initialization import undo_interrupted as undo_interrupted
    from wizard.engine.inspection import Inspection as Inspection
    from wizard.engine.inspection import State as State
    from wizard.engine.inspection import inspect as inspect
    from wizard.engine.kdf import FLOOR as FLOOR
    from wizard.engine.kdf import FORMAT_MAXIMUM as FORMAT_MAXIMUM
    from wizard.engine.kdf import RFC_9106_FIRST as RFC_9106_FIRST
    from wizard.engine.kdf import RFC_9106_SECOND as RFC_9106_SECOND
    from wizard.engine.kdf import RFC_9106_SETS as RFC_9106_SETS
    from wizard.engine.kdf import KdfParams as KdfParams
    from wizard.engine.keyfile import KeyfileInput as KeyfileInput
    from wizard.engine.kit import KitSheet as KitSheet
    from wizard.engine.kit import RecoveryKit as RecoveryKit
    from wizard.engine.kit_change import PendingChange as PendingChange
    from wizard.engine.kit_proof import WordChallenge as WordChallenge
    from wizard.engine.kit_reading import parse_sheets as parse_sheets
    from wizard.engine.masterkey import MasterPublicKey as MasterPublicKey
    from wizard.engine.measuring import Measurement as Measurement
    from wizard.engine.measuring import measure as measure
    from wizard.engine.memory import MemoryLimit as MemoryLimit
    from wizard.engine.memory import check_unattended as check_unattended
    from wizard.engine.memory import machine_limit as machine_limit
    from wizard.engine.metadata import AuditHead as AuditHead
    from wizard.engine.metadata import Metadata as Metadata
    from wizard.engine.metadata import read_metadata as read_metadata
    from wizard.engine.metadata_restoring import RestoredMetadata as RestoredMetadata
    from wizard.engine.metadata_restoring import restore_metadata as restore_metadata
    from wizard.engine.opening import Database as Database
    from wizard.engine.operators import add_operator as add_operator
    from wizard.engine.operators import remove_operator as remove_operator
    from wizard.engine.operators import rename_operator as rename_operator
    from wizard.engine.passphrase import MAXIMUM_CHARACTERS as MAXIMUM_CHARACTERS
    from wizard.engine.passphrase import PassphraseSource as PassphraseSource
    from wizard.engine.passphrase import Strength as Strength
    from wizard.engine.passphrase import check_strength as check_strength
    from wizard.engine.passphrase import new_passphrase_from as new_passphrase_from
    from wizard.engine.passphrase import passphrase_from as passphrase_from
    from wizard.engine.passphrase import strength as strength
    from wizard.engine.passphrase import strip_line_ending as strip_line_ending
    from wizard.engine.passphrase_change import KeyfileChange as KeyfileChange
    from wizard.engine.passphrase_change import change_passphrase as change_passphrase
    from wizard.engine.passphrase_change import retune as retune
    from wizard.engine.pending import Initialized as Initialized
    from wizard.engine.pending import OriginalPolicy as OriginalPolicy
    from wizard.engine.pending import PendingInitialization as PendingInitialization
    from wizard.engine.preloading import load_initialization as load_initialization
    from wizard.engine.progress import CancelToken as CancelToken
    from wizard.engine.progress import Progress as Progress
    from wizard.engine.progress import ProgressSink as ProgressSink
    from wizard.engine.progress import Stage as Stage
    from wizard.engine.progress import ignore_progress as ignore_progress
    from wizard.engine.receipt import read_receipt as read_receipt
    from wizard.engine.receipt import receipt_key as receipt_key
    from wizard.engine.receipt import receipt_name as receipt_name
    from wizard.engine.receipt import remove_receipt as remove_receipt
    from wizard.engine.receipt import write_receipt as write_receipt
    from wizard.engine.recipients import Recipient as Recipient
    from wizard.engine.recipients import encrypt_to as encrypt_to
    from wizard.engine.recipients import recipients_from as recipients_from
    from wizard.engine.recovering import prepare_recovery as prepare_recovery
    from wizard.engine.recovering import prepare_renewal as prepare_renewal
    from wizard.engine.recovery import Mnemonic as Mnemonic
    from wizard.engine.recovery import RecoveryPlan as RecoveryPlan
    from wizard.engine.recovery import complete_word as complete_word
    from wizard.engine.recovery import is_word as is_word
    from wizard.engine.recovery import possible_words as possible_words
    from wizard.engine.rehearsal import Rehearsal as Rehearsal
    from wizard.engine.rehearsal import SlotLines as SlotLines
    from wizard.engine.rehearsal import recovery_lines as recovery_lines
    from wizard.engine.rehearsal import recovery_status as recovery_status
    from wizard.engine.rehearsal import rehearse_recovery as rehearse_recovery
    from wizard.engine.reinitialization import PendingReinitialization as PendingReinitialization
    from wizard.engine.reinitialization import Reinitialized as Reinitialized
    from wizard.engine.reinitialization import check_reinitializable as check_reinitializable
    from wizard.engine.reinitialization import prepare_reinitialization as prepare_reinitialization
    from wizard.engine.restoring import Restored as Restored
    from wizard.engine.restoring import restore as restore
    from wizard.engine.retyping import PassphraseWarning as PassphraseWarning
    from wizard.engine.retyping import passphrase_warnings as passphrase_warnings
    from wizard.engine.rotation import Rotated as Rotated
    from wizard.engine.rotation import rotate as rotate
    from wizard.engine.secret import MemoryProtection as MemoryProtection
    from wizard.engine.secret import Secret as Secret
    from wizard.engine.secret import memory_protection as memory_protection
    from wizard.engine.secret import protect_process as protect_process
    from wizard.engine.secret import wipe_all as wipe_all
    from wizard.engine.sidecar import create_file as create_file
    from wizard.engine.sidecar import read_regular as read_regular
    from wizard.engine.sidecar import sidecar_path as sidecar_path
    from wizard.engine.source import ConversionReport as ConversionReport
    from wizard.engine.sqlite import Cipher as Cipher
    from wizard.engine.sqlite import recommended_cipher as recommended_cipher
    from wizard.engine.status import status_report as status_report
    from wizard.engine.survey import Survey as Survey
    from wizard.engine.survey import survey_database as survey_database
    from wizard.engine.throughput import CipherThroughput as CipherThroughput
    from wizard.engine.throughput import cipher_throughput as cipher_throughput
    from wizard.engine.tuning import PRESETS as PRESETS
    from wizard.engine.tuning import Preset as Preset
    from wizard.engine.tuning import calibrate as calibrate
    from wizard.engine.tuning import preset as preset
    from wizard.engine.tuning import presets as presets
    from wizard.engine.unlocking import unlock as unlock
    from wizard.engine.wordprint import WORDPRINT_WORDS as WORDPRINT_WORDS
    from wizard.engine.wordprint import Wordprint as Wordprint
    from wizard.engine.working_memory import one_memory as one_memory
    from wizard.engine.working_memory import usable_processors as usable_processors

_NAMES = {
    "accelerating": "Accelerated Argon2InUse accelerate argon2_in_use remove_acceleration",
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
    "errors": "AlreadyProtected AuditBroken AuditUnavailable Busy Cancelled CannotBuild DamagedBackup DamagedDatabase DamagedMetadata ForeignMetadata ForeignTarget Interrupted InvalidInput InvalidParameters InvalidPassphrase InvalidRecoveryPhrase NameNotConfirmed NoMemory NoRecovery NoSpace NotOpened NotPermitted NotProtected NotProved NotVerified OlderMetadata OutputExists ResourceLimit RolledBackMetadata TargetAbsent Unreadable UnsupportedDatabase UnsupportedVersion VerificationFailed WeakPassphrase WizardError WrongPassphrase WrongRecoveryPhrase WrongSignature",
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
    "working_memory": "one_memory usable_processors",
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names.split()}

__all__ = [*_HOMES]  # noqa: PLE0604 - type checkers go by the imports above


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
