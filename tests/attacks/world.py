"""Sound files of every kind, for the attacks to spoil: of two databases, and of two generations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.databases import make_plain
from wizard import engine
from wizard.engine.metadata import read_metadata

FLOOR = engine.KdfParams(19 * 1024, 2, 1)
FIRST, SECOND, OTHER = "velvet Quokka ferment 1", "velvet Quokka ferment 2", "drizzle Onyx kayak 3"

Reader = Callable[[bytes], str]


class Accepted(AssertionError):
    """Something that nobody made was taken for sound."""


class World:
    """Two databases, one of them in two generations, and all the files that belong to them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.one = make_plain(directory / "one.db", rows=2)
        self.two = make_plain(directory / "two.db", rows=2)
        kit = {}
        for path, passphrase in ((self.one, FIRST), (self.two, OTHER)):

            def keep(made: engine.RecoveryKit, path: Path = path) -> list[str]:
                kit[path] = [sheet.text() for sheet in made.sheets]
                return kit[path]

            engine.initialize(
                path, passphrase, confirm_kit=keep, params=FLOOR, minimum_score=0, original="remove"
            )
        self.sheets = [text.encode() for texts in kit.values() for text in texts]
        self.backups = [self._saved(self.one, FIRST, "1"), self._saved(self.two, OTHER, "2")]
        self.sidecars = [self._sidecar(self.one), self._sidecar(self.two)]
        self.now = datetime.now(UTC)
        self.grants = [self._grant(self.one, FIRST)]
        self.sidecars.append(self._sidecar(self.one))
        engine.change_passphrase(self.one, FIRST, SECOND, minimum_score=0)
        self.sidecars.append(self._sidecar(self.one))
        self.sidecars.append(self._half_rotated())
        self.backups.append(self._saved(self.one, SECOND, "3"))
        self.grants.append(self._grant(self.one, SECOND))
        self.grants.append(self._grant(self.two, OTHER))
        self.metadata = read_metadata(self._sidecar(self.one))
        self.logs = [Path(f"{path}.audit.jsonl").read_bytes() for path in (self.one, self.two)]
        (directory / "message").write_bytes(b"to be signed")
        self.signature = engine.sign_file(self.one, directory / "message", SECOND).text.encode()

    def _saved(self, path: Path, passphrase: str, name: str) -> bytes:
        target = self.directory / f"{name}.backup"
        engine.backup(path, passphrase, to=target)
        return target.read_bytes()

    def _sidecar(self, path: Path) -> bytes:
        return engine.sidecar_path(path).read_bytes()

    def _half_rotated(self) -> bytes:
        """The sidecar of the second database with a `pending` in it, from within a rotation."""
        path = self.directory / "half.db"
        for end in ("", ".crypto.json", ".audit.jsonl"):
            Path(f"{path}{end}").write_bytes(Path(f"{self.two}{end}").read_bytes())
        seen: list[bytes] = []

        def look(event: engine.Progress) -> None:
            if event.stage is engine.Stage.COMMIT:
                seen.append(self._sidecar(path))

        engine.rotate(path, OTHER, progress=look)
        assert b'"pending"' in seen[0]
        return seen[0]

    def _grant(self, path: Path, passphrase: str) -> bytes:
        lifetime = timedelta(days=9)
        token, _grant = engine.issue_grant(
            path, passphrase, role="owner", subject="Ada", lifetime=lifetime, now=self.now
        )
        return token.encode()


def as_it_was(data: bytes, samples: list[bytes]) -> str:
    """What a reader says of a sample; raises `Accepted` for anything else."""
    if data not in samples:
        raise Accepted(data[:200])
    return "as it was"
