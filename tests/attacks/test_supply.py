"""What is shipped is this program and nothing else, and every dependency is there for a reason."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.programs import cannot_run

ROOT = Path(__file__).parents[2]
ADVISORIES = os.environ.get("DATAFOLD_ADVISORIES", "")
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


def advisories_on(name):
    """Those of a clone of github.com/pypa/advisory-database: identifier, versions, ranges."""
    import yaml

    for file in Path(ADVISORIES, "vulns", canonicalize_name(name)).glob("*.yaml"):
        document = yaml.safe_load(file.read_text())
        for each in [] if "withdrawn" in document else document["affected"]:
            yield document["id"], each.get("versions", []), each.get("ranges", [])


def within(version, ranges):
    """Whether the events of the Open Source Vulnerability format affect a version."""
    affected = False
    for event in (
        event for each in ranges if each["type"] == "ECOSYSTEM" for event in each["events"]
    ):
        ((kind, bound),) = event.items()
        if Version(version) > Version(bound) or (version == bound and kind != "last_affected"):
            affected = kind == "introduced"
    return affected


def closure(name, found):
    """What is installed for a package, with its versions."""
    for requirement in map(Requirement, metadata.requires(name) or ()):
        needed = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if needed and requirement.name not in found:
            found[requirement.name] = metadata.version(requirement.name)
            closure(requirement.name, found)
    return found


@pytest.mark.skipif(not ADVISORIES, reason="DATAFOLD_ADVISORIES names no clone of the advisories")
def test_no_dependency_has_a_known_vulnerability_in_a_clone_of_the_advisories():
    """Neither what is installed, nor an older version that our ranges would allow."""
    installed = closure("datafold-wizard", {})
    assert len(installed) > len(project()["dependencies"])
    known = [
        (name, version, identifier)
        for name, version in installed.items()
        for identifier, versions, ranges in advisories_on(name)
        if version in versions or within(version, ranges)
    ] + [
        (requirement.name, allowed, identifier)
        for requirement in map(Requirement, project()["dependencies"])
        for identifier, versions, _ranges in advisories_on(requirement.name)
        for allowed in requirement.specifier.filter(versions)
    ]
    assert known == []
