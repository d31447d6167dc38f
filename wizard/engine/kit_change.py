"""A change of keys with a new recovery kit: in force only after the kit has been proved.

- Until `commit` nothing is written but the audit log; leaving without it leaves everything as it was.
- The kit is tried on the database itself, with its slot lines alone, as if the sidecar were gone.
- What was replaced is seen to be refused before anything is replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from wizard.engine import audit, sqlite
from wizard.engine.authority import Changed, in_force
from wizard.engine.changing import publish
from wizard.engine.errors import ForeignMetadata, NotProved
from wizard.engine.kit import RecoveryKit
from wizard.engine.kit_proof import KitProof, WordChallenge
from wizard.engine.masterkey import SigningKey
from wizard.engine.metadata import Metadata, read_metadata
from wizard.engine.progress import Progress, ProgressSink, Stage, ignore_progress
from wizard.engine.rescue import compact, open_kit
from wizard.engine.secret import Secret
from wizard.engine.sqlite import Cipher


class PendingChange:
    """A change that waits for its recovery kit; a context manager that gives up unless committed.

    ``metadata`` is what will be in force, ``settled`` says what was ended first, if anything. The
    database stays locked against other changes of its keys, not against its users.
    """

    def __init__(
        self,
        metadata: Metadata,
        kit: RecoveryKit,
        *,
        entry: audit.Audited,
        data_key: Secret,
        signing: SigningKey,
        settled: str | None,
        prove: Callable[[bytes], object],
        undo_stack: ExitStack,
    ) -> None:
        self.path: Path = entry.target
        self.metadata = metadata
        self.kit = kit
        self.settled = settled
        self._proof = KitProof(kit, self._open_with)
        self._entry = entry
        self._data_key = data_key
        self._signing = signing
        self._prove = prove
        self._undo = undo_stack
        self._committed = False

    @property
    def proved(self) -> bool:
        """Whether the kit has opened the database."""
        return self._proof.rehearsed

    def challenge(self) -> tuple[WordChallenge, ...]:
        """Which words to ask for: three, or one of each sheet if there are more. Drawn once."""
        return self._proof.challenge()

    def check_words(self, answers: Sequence[str]) -> None:
        """Compare the words asked for. Raises `InvalidRecoveryPhrase`; ``where`` names each wrong one."""
        self._proof.check_words(answers)

    def rehearse(
        self, sheet_texts: Sequence[str] | None = None, *, progress: ProgressSink = ignore_progress
    ) -> None:
        """Open the database with the new kit alone, as if the sidecar were gone.

        ``sheet_texts``: every sheet as it was read back from where it was saved; None takes the kit
        as it is printed. Raises `NotProved`.
        """
        self._proof.rehearse(sheet_texts, progress=progress)

    def commit(self, *, progress: ProgressSink = ignore_progress) -> Changed:
        """Put the change in force. Raises `NotProved` before the rehearsal.

        Whatever fails leaves the state of before, and `commit` may be tried again; but for
        `Interrupted`, when the change is in force already.
        """
        if not self.proved:
            raise NotProved(
                "The recovery kit has not opened the database yet: nothing is replaced."
            )
        if self._committed:
            raise ValueError("already committed")
        progress(Progress(Stage.COMMIT, 0, 2))

        def prove(written: bytes) -> None:
            self._prove(written)
            texts = [sheet.text() for sheet in self.kit.sheets[: self.kit.sheets[0].threshold]]
            metadata = read_metadata(written)
            salt = sqlite.file_salt(self.path)
            open_kit(texts, metadata=metadata, file_salt=salt).data_key.close()

        publish(self.path, self.metadata, self._signing, entry=self._entry, prove=prove)
        self._committed = True
        progress(Progress(Stage.COMMIT, 1, 2))
        done = in_force(
            self._entry,
            self.metadata,
            data_key=self._data_key,
            settled=self.settled,
        )
        self._record_proof()
        self.abort()
        progress(Progress(Stage.COMMIT, 2, 2))
        return done

    def abort(self) -> None:
        """Give up, wipe the keys and let others change the database. Harmless after a commit."""
        if not self._committed:
            self._entry.failed(None)
        self._undo.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if not self._committed:
            self._entry.failed(error)
        self.abort()

    def _record_proof(self) -> None:
        proved = audit.Audited(self.path, "kit_proved")
        proved.concerns(self.metadata)
        proved.signer = self._signing
        proved.done()

    def _open_with(self, texts: Sequence[str]) -> None:
        """As the sheets alone would: with the slot on them, and the key that it gives."""
        expected = compact(self.metadata)
        with open_kit(texts, metadata=None, file_salt=expected.file_salt) as rescue:
            facts = (rescue.database_id, rescue.generation, rescue.master_public_key)
            if facts != (expected.database_id, expected.generation, expected.master_public_key):
                raise ForeignMetadata("The recovery kit is that of another database.")
            connection = sqlite.open_keyed(
                self.path,
                key=rescue.data_key,
                cipher=Cipher(rescue.cipher),
                page_size=rescue.page_size,
                readonly=True,
            )
            try:
                if sqlite.read_identity(connection).database_id != rescue.database_id:
                    raise ForeignMetadata("The recovery kit is that of another database.")
            finally:
                connection.close()
