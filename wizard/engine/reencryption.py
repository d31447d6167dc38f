"""An encrypted database is copied under another data key, and changes names with the copy.

Nothing but `exchange` touches the source, and `put_back` undoes that.
"""

from __future__ import annotations

from pathlib import Path

from wizard.engine.copying import reencrypted_page_size
from wizard.engine.errors import VerificationFailed
from wizard.engine.hold import Held, check_unchanged, hold_encrypted
from wizard.engine.keyed import Cipher, open_keyed
from wizard.engine.secret import Secret
from wizard.engine.sidecar import replaced_path
from wizard.engine.source import HeldSource
from wizard.engine.source_facts import SourceFacts, facts_of
from wizard.engine.sqlite_refusals import KeyRefused
from wizard.engine.swap import exchange, put_back


class EncryptedSource(HeldSource):
    """An encrypted database, held. Entering raises what `hold_encrypted` raises."""

    def __init__(self, path: Path, *, key: Secret, cipher: Cipher, page_size: int) -> None:
        super().__init__(path)
        self._key = key
        self._cipher = cipher
        self._page_size = page_size

    def check_old_key_refused(self, staged: Path, cipher: Cipher, page_size: int) -> None:
        """Raise `VerificationFailed` if the source's own key opens the copy."""
        try:
            open_keyed(staged, key=self._key, cipher=cipher, page_size=page_size).close()
        except KeyRefused:
            return
        raise VerificationFailed(f"{staged} opens with the old data key.")

    def exchange(self, staged: Path) -> None:
        """Let the copy take the source's name, durably; the source is at `replaced_path` then.

        The old write-ahead log and journal are removed; the copy gets owner, group and mode of the
        source. Raises `Busy`, `OutputExists`, `UnsupportedDatabase` or `Unreadable`; the state is
        that of before then, unless it could not be undone.
        """
        held, _facts = self._require()
        check_unchanged(held)
        exchange(held, staged, replaced_path(self.path), written=self._require_written())

    def put_back(self) -> None:
        """Undo `exchange`. Raises `Unreadable`."""
        put_back(self.path, replaced_path(self.path))

    def _hold(self) -> Held:
        return hold_encrypted(
            self.path, key=self._key, cipher=self._cipher, page_size=self._page_size
        )

    def _look(self, held: Held) -> SourceFacts:
        return facts_of(held)

    def _copied_page_size(self, cipher: Cipher) -> int:
        return reencrypted_page_size(self.facts.page_size, cipher)
