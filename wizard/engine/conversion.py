"""An existing plaintext database becomes an encrypted one, and cannot change meanwhile.

Nothing but `replace` touches the source, and that gives it a second name first.
"""

from __future__ import annotations

from pathlib import Path

from wizard.engine.copying import encrypted_page_size
from wizard.engine.hold import Held, check_unchanged, hold
from wizard.engine.keyed import Cipher
from wizard.engine.source import HeldSource
from wizard.engine.source_facts import SourceFacts, check_has_no_identity, facts_of
from wizard.engine.swap import swap


class PlaintextSource(HeldSource):
    """A plaintext database, held. Entering raises what `hold` raises, and `UnsupportedDatabase`."""

    def replace(self, staged: Path, *, keep_as: Path) -> None:
        """Let ``staged`` take the source's name, and the source ``keep_as``; then let it go.

        Both names exist throughout, so that a crash loses neither; the old write-ahead log and
        journal are removed. Owner, group and mode are those of the source. Raises `Busy`,
        `OutputExists`, `UnsupportedDatabase`, `Unreadable`; the state is that of before then.
        """
        held, _facts = self._require()
        check_unchanged(held)
        swap(held, staged, keep_as, written=self._require_written())
        self.close()

    def _hold(self) -> Held:
        return hold(self.path)

    def _look(self, held: Held) -> SourceFacts:
        check_has_no_identity(held)
        return facts_of(held)

    def _copied_page_size(self, cipher: Cipher) -> int:
        return encrypted_page_size(self.facts.page_size, cipher)
