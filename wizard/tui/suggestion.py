"""tmux or screen, suggested once to those who work over SSH without either, and then never again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

SENTENCE = (
    "A broken SSH connection ends the wizard, and the database stays as it was. "
    "Inside tmux or screen you could go on."
)
_MULTIPLEXERS = ("TMUX", "STY", "ZELLIJ")
_CONNECTIONS = ("SSH_CONNECTION", "SSH_TTY")
_MARK = "tmux-suggested"


def suggestion(environment: Mapping[str, str], directory: Path | None = None) -> str:
    """The sentence, or "" where it does not apply or was said before.

    That it was said is remembered by an empty file in `directory`, by default the user's state
    directory. Where none can be written it is said again the next time.
    """
    over_ssh = any(environment.get(name) for name in _CONNECTIONS)
    if not over_ssh or any(environment.get(name) for name in _MULTIPLEXERS):
        return ""
    try:
        mark = (directory or _state_directory()) / _MARK
        mark.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        mark.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        return ""
    except OSError:
        pass
    return SENTENCE


def _state_directory() -> Path:
    import platformdirs  # noqa: PLC0415 - over SSH only

    return platformdirs.user_state_path("datafold")
