"""What is written beside the database, or put back."""

from __future__ import annotations

from wizard.tui.errand import Errand

_COPY = (
    ("derive", "Derive the keys"),
    ("encrypt", "Write the copy"),
    ("verify", "Compare with the original"),
)

BACK_UP = Errand(
    key="backup",
    title="Back up into one file",
    changes="One new file: database, sidecar and audit log, encrypted and signed.",
    keeps="The database. Applications go on reading and writing meanwhile.",
    way=("file", "present", "errand-review", "work", "result"),
    op="backup.make",
    button="Back up now",
    done="Backed up; the file was read back and its signature verified.",
    stages=(("derive", "Derive the keys"), ("copy", "Copy"), ("check", "Check every page")),
    derivations=1,
    whole_file=True,
)
VERIFY_BACKUP = Errand(
    key="verify",
    title="Verify a backup",
    changes="Nothing. Structure, digests and the master key's signature are checked.",
    keeps="Everything; no secret is needed.",
    way=("file", "work", "result"),
    op="backup.verify",
    done="The backup is whole, and signed by the master key of this fingerprint:",
    stages=(("check", "Read the backup"),),
)
RESTORE_SIDECAR = Errand(
    key="restore-sidecar",
    title="Put a saved sidecar back",
    changes="The .crypto.json file: a saved one takes its place. The one there now is kept.",
    keeps="The database. A sidecar of another database or an older one is refused.",
    way=("file", "errand-review", "work", "result"),
    op="sidecar.restore",
    button="Put it back",
    done="The sidecar is back.",
)
DECRYPT = Errand(
    key="decrypt",
    title="Undo the protection: a plaintext copy",
    changes="One new file: all data, readable by whoever reads the file.",
    keeps="This database stays encrypted. Delete it yourself when the copy has proved itself.",
    way=("file", "present", "errand-review", "work", "result"),
    op="change.decrypt",
    button="Write the copy",
    done="The plaintext copy is written, and every row was compared.",
    stages=_COPY,
    derivations=1,
    whole_file=True,
    typed_name=True,
)
DECRYPT_BY_KIT = Errand(
    key="decrypt-by-kit",
    title="Get the data out with the recovery kit",
    changes="One new file: all data in plaintext, which can then be protected anew.",
    keeps="The database as it is; every row is compared.",
    way=("sheets", "file", "errand-review", "work", "result"),
    op="change.decrypt_by_kit",
    button="Write the copy",
    done=DECRYPT.done,
    stages=_COPY[1:],
    typed_name=True,
)
