"""What is shipped is this program and nothing else, and every dependency is there for a reason."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.programs import cannot_run

ROOT = Path(__file__).parents[2]
OTHER_FILES = {
    "wizard/FORMAT.md",
    "wizard/py.typed",
    "wizard/tui/wizard.tcss",
    "wizard/tui/pages.tcss",
}
DIST_INFO = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    directory = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(directory), "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and "hatchling" in done.stderr:
        cannot_run("the build backend cannot be installed here")
    assert done.returncode == 0, done.stderr
    (built,) = directory.iterdir()
    return built


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    tracked = subprocess.run(
        ["git", "ls-files", "wizard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    modules = {name for name in tracked if name.endswith(".py")}
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        assert archive.testzip() is None
    information = {name for name in names if ".dist-info/" in name}
    assert {name.split(".dist-info/")[1] for name in information} == DIST_INFO
    assert names - information == modules | OTHER_FILES


def test_the_wheel_holds_what_is_in_the_sources(wheel):
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if ".dist-info/" not in name:
                assert archive.read(name) == (ROOT / name).read_bytes(), name


def test_every_dependency_has_a_reason_and_a_lowest_version():
    table = (ROOT / "CHANGELOG.md").read_text().partition("### Dependencies")[2]
    rows = {
        name.strip().lower(): reason.strip()
        for names, reason in re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", table, re.MULTILINE)
        for name in names.split(",")
    }
    for dependency in project()["dependencies"]:
        name, version = re.fullmatch(r"([A-Za-z0-9-]+)(.*)", dependency).groups()
        assert ">=" in version, dependency
        assert len(rows.get(name.lower(), "")) > 5, f"{name} has no row in CHANGELOG.md"


def test_no_installed_dependency_has_a_known_vulnerability():
    """Needs pip-audit and what it asks: the JSON of PyPI, or OSV. Says so where there is neither."""
    if importlib.util.find_spec("pip_audit") is None:
        pytest.skip("pip-audit is not installed: pip install pip-audit")
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off"]
    asked = {}
    for service in ("pypi", "osv"):
        done = subprocess.run(
            [*command, "--timeout", "10", "--vulnerability-service", service],
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            audited = json.loads(done.stdout)["dependencies"]
        except (ValueError, KeyError):
            asked[service] = (done.stderr.strip() or "no answer").splitlines()[-1][:200]
            continue
        known = {each["name"]: each["vulns"] for each in audited if "vulns" in each}
        if known:
            assert {name: vulns for name, vulns in known.items() if vulns} == {}
            return
        asked[service] = f"none of {len(audited)} packages is known to it"
    pytest.skip(f"no vulnerability data can be reached from here: {asked}")
