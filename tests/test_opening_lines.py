"""The exact lines of the last page: what systemd takes, and where the program really is."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import needs
from wizard.tui.screens import opening_lines

PATHS = ["/srv/data/node.db", "/srv/my data/50% off $HOME.db", "/srv/d\u00e4ta/it's.db"]


@needs("systemd-analyze")
@pytest.mark.parametrize("path", PATHS)
def test_systemd_takes_the_lines(tmp_path, path):
    lines = opening_lines.systemd_lines(path)
    unit = lines[
        lines.index("[Service]") : lines.index(
            "# In its program, where os and pathlib.Path are imported:"
        )
    ]
    file = tmp_path / "node.service"
    file.write_text(
        "\n".join([*unit, "ExecStart=/bin/true", "[Install]", "WantedBy=multi-user.target"])
    )
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(file)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"HOME": str(tmp_path)},
    )
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "node.service" in line]
    assert ours == []


def test_the_program_is_named_where_it_is(monkeypatch):
    here = str(Path(sys.executable).with_name("datafold-wizard"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert opening_lines.shell_lines("/a b")[1] == f"{shlex.quote(here)} status '/a b'"
    assert any(here in line for line in opening_lines.systemd_lines("/srv/node.db"))
    monkeypatch.setenv("PATH", str(Path(here).parent))
    assert opening_lines.shell_lines("/a b")[1] == "datafold-wizard status '/a b'"


def test_the_lines_for_python_run_as_they_stand(tmp_path):
    path = tmp_path / "it's.db"
    path.touch()
    compile("\n".join(opening_lines.python_lines(str(path))), "lines", "exec")
    assert "passphrase" not in "".join(opening_lines.python_lines(str(path)))
