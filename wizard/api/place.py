"""Where the API keeps what is not public: the configured place, else its user's state directory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from wizard.settings.finding import APPLICATION

if TYPE_CHECKING:
    from wizard.settings import Settings


def tokens_file(settings: Settings) -> Path:
    """Return where the hashes of node tokens are kept."""
    return settings.api.tokens or _state_directory() / "tokens.json"


def receipts_directory(settings: Settings) -> Path:
    """Return where sealed receipts wait for their owners."""
    return settings.api.state or _state_directory() / "receipts"


def backups_directory(settings: Settings) -> Path:
    """Return where a backup waits until it was downloaded."""
    return receipts_directory(settings) / "backups"


def _state_directory() -> Path:
    if os.geteuid() == 0:
        return Path("/var/lib") / APPLICATION
    return platformdirs.user_state_path(APPLICATION)
