"""Whether one database of this node is as its configuration says: what service managers wait for.

Told without a secret, unless one is given; then the database is really opened, and closed again.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from wizard import engine
from wizard.settings.finding import PREFIX, find_file
from wizard.values import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from wizard.settings.model import CryptoSettings


@dataclass(frozen=True, slots=True)
class Target:
    """A database to check. ``crypto`` is None for one that no configuration names."""

    name: str
    path: Path
    crypto: CryptoSettings | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found. ``error`` is None if it is as it should be."""

    target: Target
    found: engine.Inspection
    error: BaseException | None
    warnings: tuple[str, ...] = ()
    unlocked: bool = False


def check(
    target: Target, passphrase: engine.Secret | None = None, *, allow_high_cost: bool = False
) -> Checked:
    """Look at everything that can be told, and open it if there is a passphrase. Raises nothing."""
    found = engine.inspect(target.path)
    if _left_plain(target, found):
        return Checked(target, found, None, ("Not protected, as configured.",))
    wrong = fault(target, found)
    if wrong is not None:
        return Checked(target, found, wrong)
    try:
        if passphrase is not None:
            engine.unlock(
                target.path, passphrase, readonly=True, allow_high_cost=allow_high_cost
            ).close()
    except (engine.WizardError, OSError) as error:
        return Checked(target, found, error)
    warnings = tuple(_warnings(target, found))
    return Checked(target, found, None, warnings, unlocked=passphrase is not None)


def fault(target: Target, found: engine.Inspection) -> BaseException | None:
    """Return what is not as it should be, told without a secret; None if all is. Raises nothing."""
    if _left_plain(target, found):
        return None
    try:
        _refuse(target, found)
    except (engine.WizardError, OSError) as error:
        return error
    return None


def fingerprints(metadata: engine.Metadata) -> tuple[str, ...]:
    """Return those of every generation, the current one last."""
    return tuple(
        engine.MasterPublicKey(link.master_public_key).fingerprint for link in metadata.chain
    )


def known_databases() -> tuple[engine.Inspection, ...]:
    """Return what the configuration names, and what lies in its data directories and the usual places.

    In this order. A configuration that cannot be used names nothing here: it is told where it matters.
    """
    named, directories = _configured()
    found = {each.path: each for each in (engine.inspect(path) for path in named)}
    for each in engine.discover((*directories, *engine.default_directories())):
        found.setdefault(each.path, each)
    return tuple(found.values())


def _configured() -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Return the paths of named databases, and the data directories."""
    from wizard.refusals import InvalidConfiguration  # noqa: PLC0415 - `check` does without

    try:
        if find_file() is None and not any(name.startswith(PREFIX) for name in os.environ):
            return (), ()  # nothing to read: pydantic is not loaded for that
        from wizard.settings import load  # noqa: PLC0415 - see above

        chosen = load().settings
    except InvalidConfiguration:
        return (), ()
    return tuple(each.path for each in chosen.databases.values()), chosen.data_directories


def _left_plain(target: Target, found: engine.Inspection) -> bool:
    may_be = {engine.State.ABSENT, engine.State.PLAINTEXT}
    return target.crypto is not None and not target.crypto.enabled and found.state in may_be


def _refuse(target: Target, found: engine.Inspection) -> None:
    if found.error is not None:
        raise found.error
    if found.metadata is None:
        raise engine.DamagedMetadata("The crypto metadata cannot be used.")
    pinned = None if target.crypto is None else target.crypto.fingerprint
    if pinned is not None and pinned not in fingerprints(found.metadata):
        raise engine.ForeignMetadata(
            f"The configuration pins fingerprint {pinned}; the master key has "
            f"{found.metadata.public_key.fingerprint}, and {pinned} is not among those before it."
        )
    writable = tuple(_writable_by_others(found.path))
    if writable:
        from wizard.refusals import Fault, InvalidConfiguration  # noqa: PLC0415 - mostly not

        said = "everybody may write it. Run: chmod o-w"
        raise InvalidConfiguration(
            tuple(Fault(str(place), 0, "", f"{said} {place}") for place in writable)
        )


def _writable_by_others(path: Path) -> Iterator[Path]:
    for place in (path, engine.sidecar_path(path), path.parent):
        mode = place.stat().st_mode
        sticky = stat.S_ISDIR(mode) and mode & stat.S_ISVTX
        if mode & stat.S_IWOTH and not sticky:
            yield place


def _warnings(target: Target, found: engine.Inspection) -> Iterator[str]:
    for left in found.plaintext_left:
        yield f"Plaintext is still beside it: {left}"
    if os.stat(found.path).st_mode & stat.S_IROTH:  # noqa: PTH116 - one look, no object
        # What is in it is encrypted; whoever copies it can guess offline, for what that costs.
        yield "Everybody may read the database file, and so may copy it and guess at leisure."
    wanted = None if target.crypto is None else target.crypto.parameters()
    if wanted is not None and found.metadata is not None:
        stored = found.metadata.master_slot.params
        if stored.memory_kib < wanted.memory_kib or stored.passes < wanted.passes:
            yield "Key derivation costs less than the configuration asks for."
