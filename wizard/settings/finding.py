"""Where the configuration file is.

- The first that is named counts: ``--config``, DATAFOLD_CONFIG, the user's file, the site's file.
- A file that was named and is not there is an error, never a reason to look elsewhere.
- Nothing is read here, and little is loaded: mostly there is no file.
"""

from __future__ import annotations

import os
from pathlib import Path

FILE_NAME = "datafold.toml"
VARIABLE = "DATAFOLD_CONFIG"
PREFIX = "DATAFOLD_"
APPLICATION = "datafold"


def candidates() -> tuple[Path, ...]:
    """Where a file is looked for that nobody has named: the user's directory, then the site's.

    Those of the XDG Base Directory Specification, as platformdirs gives them.
    """
    return (_user_directory() / FILE_NAME, _site_directory() / FILE_NAME)


def find_file(named: Path | None = None) -> Path | None:
    """Return the file that counts, or None. Raises `InvalidConfiguration` for a named one that is not there."""
    for path, who in ((named, "--config"), (os.environ.get(VARIABLE), VARIABLE)):
        if path:
            if not os.path.lexists(path):
                from wizard.refusals import Fault, InvalidConfiguration  # noqa: PLC0415

                raise InvalidConfiguration((Fault(str(path), 0, "", f"no such file ({who})."),))
            return Path(path).absolute()
    return next((path for path in candidates() if os.path.lexists(path)), None)


def _user_directory() -> Path:
    named, home = (Path(os.environ.get(name, "")) for name in ("XDG_CONFIG_HOME", "HOME"))
    if named.is_absolute():
        return named / APPLICATION
    if home.is_absolute():
        return home / ".config" / APPLICATION
    # It knows what else tells a home; loading it takes as long as all the rest of `check`.
    import platformdirs  # noqa: PLC0415

    return platformdirs.user_config_path(APPLICATION)


def _site_directory() -> Path:
    named = os.environ.get("XDG_CONFIG_DIRS", "").split(os.pathsep)
    return Path(next((each for each in named if each.startswith("/")), "/etc/xdg")) / APPLICATION
