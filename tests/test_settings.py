"""The node's configuration: which source wins, what is refused, and where a fault is said to be."""

from __future__ import annotations

import stat

import pytest

from tests.test_cli import environment, start
from wizard.refusals import InvalidConfiguration
from wizard.settings import load
from wizard.settings.lines import line_of
from wizard.settings.reading import is_secret_name
from wizard.settings.template import TEMPLATE

ORDERS = '[databases.orders]\npath = "orders.db"\n'


@pytest.fixture(autouse=True)
def _no_configuration_of_this_machine(monkeypatch, tmp_path):
    import os

    for name in [name for name in os.environ if name.startswith("DATAFOLD_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nothing"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "nothing-either"))


@pytest.fixture
def write(tmp_path):
    def write_file(text):
        path = tmp_path / "datafold.toml"
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
        return path

    return write_file


def faults_of(path, **options):
    with pytest.raises(InvalidConfiguration) as caught:
        load(path, **options)
    return list(caught.value.faults)


def test_without_a_file_the_defaults_are_safe():
    loaded = load()
    assert loaded.file is None
    assert loaded.settings.environment == "production"
    assert loaded.settings.api.host == "127.0.0.1"
    assert not loaded.settings.api.trust_socket_owner
    assert {origin.source for origin in loaded.origins} == {"default"}


def test_the_least_score_is_the_engines():
    from wizard.engine import DEFAULT_MINIMUM_SCORE
    from wizard.settings import CryptoSettings

    assert CryptoSettings().minimum_score == DEFAULT_MINIMUM_SCORE


def test_presets_are_those_of_the_command_line():
    from typing import get_args

    from wizard.cli.choose import PRESET_NAMES
    from wizard.settings import CryptoSettings

    (words, _none) = get_args(CryptoSettings.model_fields["preset"].annotation)
    assert get_args(words) == PRESET_NAMES


def test_options_win_over_the_environment_and_that_over_the_file(write, monkeypatch):
    path = write('[api]\nport = 1\nhost = "::1"\nallowed_hosts = ["file"]\n')
    monkeypatch.setenv("DATAFOLD_API__PORT", "2")
    monkeypatch.setenv("DATAFOLD_API__HOST", "127.0.0.2")
    loaded = load(path, options={"api": {"port": 3}})
    api = loaded.settings.api
    assert (api.port, api.host, api.allowed_hosts) == (3, "127.0.0.2", ("file",))
    sources = {origin.key: origin.source for origin in loaded.origins}
    assert sources["api.port"] == "option"
    assert sources["api.host"] == "environment DATAFOLD_API__HOST"
    assert sources["api.allowed_hosts"] == f"{path}:4"
    assert sources["environment"] == "default"


def test_a_database_can_be_named_by_the_environment_alone(monkeypatch):
    monkeypatch.setenv("DATAFOLD_DATABASES__ORDERS__PATH", "/srv/orders.db")
    monkeypatch.setenv("DATAFOLD_DATABASES__ORDERS__CRYPTO__MINIMUM_SCORE", "4")
    orders = load().settings.databases["orders"]
    assert str(orders.path) == "/srv/orders.db"
    assert orders.crypto.minimum_score == 4


def test_the_first_place_that_has_a_file_counts(tmp_path, write, monkeypatch):
    named = write("[api]\nport = 1\n")
    user = tmp_path / "user/datafold/datafold.toml"
    site = tmp_path / "site/datafold/datafold.toml"
    for path, port in ((user, 3), (site, 4)):
        path.parent.mkdir(parents=True)
        path.write_text(f"[api]\nport = {port}\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "site"))
    by_variable = tmp_path / "v.toml"
    by_variable.write_text("[api]\nport = 2\n")
    monkeypatch.setenv("DATAFOLD_CONFIG", str(by_variable))
    assert load(named).settings.api.port == 1
    assert load().settings.api.port == 2
    monkeypatch.delenv("DATAFOLD_CONFIG")
    assert load().settings.api.port == 3
    user.unlink()
    assert load().settings.api.port == 4


def test_paths_are_relative_to_the_file(write):
    path = write(ORDERS)
    assert load(path).settings.databases["orders"].path == path.parent / "orders.db"


@pytest.mark.parametrize(
    ("text", "line", "key", "word"),
    [
        ("enviroment = 'production'\n", 1, "enviroment", "no such setting"),
        ("environment = 'staging'\n", 1, "environment", "'development' or 'production'"),
        ("[api]\n\nport = 70000\n", 3, "api.port", "65535"),
        ("api.port = 'x'\n", 1, "api.port", "integer"),
        ("[api]\ntls_key = '/k'\n", 1, "api", "go together"),
        ("[api]\nhost = '0.0.0.0'\n", 2, "api.host", "only with TLS"),
        ("[databases.Orders]\npath = '/a'\n", 1, "databases.Orders", "form"),
        ("[databases.a]\n[databases.a.crypto]\n", 1, "databases.a.path", "is missing"),
        (ORDERS + "[databases.two]\npath = 'orders.db'\n", 1, "databases", "same path"),
        (ORDERS + "crypto = {cipher = 'rot13'}\n", 3, "databases.orders.crypto.cipher", "'aegis'"),
        (ORDERS + "[databases.orders.crypto]\nmemory = 'lots'\n", 4,
         "databases.orders.crypto.memory", "amount"),
        (ORDERS + "[databases.orders.crypto]\nmemory = 8\npasses = 1\nlanes = 1\n", 3,
         "databases.orders.crypto", "at least"),
        (ORDERS + "[databases.orders.crypto]\npreset = 'balanced'\npasses = 1\n", 3,
         "databases.orders.crypto", "not both"),
        (ORDERS + "[databases.orders.crypto]\nfingerprint = 'abc'\n", 4,
         "databases.orders.crypto.fingerprint", "form"),
        (ORDERS + "path = 'again.db'\n", 3, "", "TOML"),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_file_line_and_key(write, text, line, key, word):
    path = write(text)
    (fault,) = faults_of(path)
    assert (fault.where, fault.line, fault.key) == (str(path), line, key)
    assert word in fault.message


def test_a_directory_is_no_configuration(tmp_path):
    (fault,) = faults_of(tmp_path)
    assert (fault.where, fault.message) == (str(tmp_path), "is not a regular file.")


def test_all_faults_are_named_at_once(write):
    path = write("environment = 3\nfoo = 1\n[api]\nport = -1\n")
    assert [fault.line for fault in faults_of(path)] == [1, 4, 2]


@pytest.mark.parametrize(
    "text",
    [
        "passphrase = 'MARKER-1'\n",
        ORDERS + "passphrase = 'MARKER-1'\n",
        ORDERS + "[databases.orders.crypto]\nmaster_key = 'MARKER-1'\n",
        "[api]\nbootstrap-token = 'MARKER-1'\n",
        "[api]\nport = 'MARKER-1'\n",
        "[api]\nhost = ['MARKER-1']\n",
        ORDERS + "[databases.orders.crypto]\nfingerprint = 'MARKER-1'\ncipher = 'MARKER-1'\n",
        "[api]\nport = MARKER-1\n",
        "[databases.a]\npath = 'MARKER-1\n",
    ],
)
def test_a_refused_value_is_never_repeated(write, text):
    told = " ".join(map(str, faults_of(write(text))))
    assert "MARKER" not in told


def test_a_secret_says_where_it_belongs(write):
    (fault,) = faults_of(write(ORDERS + "passphrase = 'x'\n"))
    assert (fault.line, fault.key) == (3, "databases.orders.passphrase")
    assert "cred:NAME" in fault.message


def test_a_secret_in_a_variable_is_refused(monkeypatch):
    monkeypatch.setenv("DATAFOLD_DATABASES__ORDERS__PASSPHRASE", "MARKER-1")
    (fault,) = faults_of(None)
    assert "MARKER" not in str(fault)
    assert "DATAFOLD_DATABASES__ORDERS__PASSPHRASE" in str(fault)


def test_a_database_may_be_called_like_a_secret(write):
    assert "secrets" in load(write("[databases.secrets]\npath = '/a.db'\n")).settings.databases


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_a_file_that_others_may_write_is_refused(write, mode):
    path = write(ORDERS)
    path.chmod(mode)
    (fault,) = faults_of(path)
    assert f"{mode:04o}" in fault.message


def test_a_file_that_was_named_and_is_not_there_is_an_error(tmp_path, monkeypatch):
    assert "no such file" in str(faults_of(tmp_path / "no.toml")[0])
    monkeypatch.setenv("DATAFOLD_CONFIG", str(tmp_path / "no.toml"))
    assert "no such file" in str(faults_of(None)[0])


def test_a_variable_that_is_not_json_is_named(monkeypatch):
    monkeypatch.setenv("DATAFOLD_DATABASES", "MARKER-1")
    (fault,) = faults_of(None)
    assert "DATAFOLD_DATABASES" in str(fault)
    assert "MARKER" not in str(fault)


def test_clear_text_beyond_this_machine_is_for_development(write):
    assert load(write("environment = 'development'\n[api]\nhost = '0.0.0.0'\n"))
    assert load(write("[api]\nhost = '0.0.0.0'\ntls_key = '/k'\ntls_certificate = '/c'\n"))
    assert load(write("[api]\nhost = '::1'\n"))


def test_lines_are_found_where_toml_hides_them():
    text = "a = 1\n[[t]]\nb.c = 2\n['x y'.z] # note\n\"q\" = '''\nb = 3\n'''\n"
    assert [line_of(text, path) for path in (("a",), ("t", "b", "c"), ("x y", "z", "q"))] == [
        1,
        3,
        5,
    ]
    assert line_of(text, ("x y", "z", "other")) == 4
    assert line_of(text, ("nothing",)) == 0


def test_every_setting_is_in_the_file_to_start_from(write):
    import re

    loaded = load(write(TEMPLATE))
    assert loaded.settings.model_dump() == load().settings.model_dump()
    # What is commented out is right as well.
    text = re.sub(r"^# (?=\[|[a-z_]+ = )", "", TEMPLATE, flags=re.MULTILINE)
    text = re.sub(r"^(memory|passes|lanes) = .*$", "", text, flags=re.MULTILINE)
    full = load(write(text))
    names = {origin.key.rpartition(".")[2] for origin in full.origins}
    assert len(names) > 15
    assert all(re.search(rf"\b{name} = ", TEMPLATE) for name in names)


@pytest.mark.parametrize(
    "name", ["passphrase", "Password", "master-key", "secret", "recovery_words"]
)
def test_names_of_secrets(name):
    assert is_secret_name(name)
    assert not is_secret_name("tls_key")
    assert not is_secret_name("tokens")


# The commands ---------------------------------------------------------------------------------


def ran(cwd, *arguments, **extra):
    env = environment(XDG_CONFIG_HOME=str(cwd / "none"), XDG_CONFIG_DIRS=str(cwd / "none"), **extra)
    process = start(*arguments, cwd=cwd, env=env)
    out, err = process.communicate(timeout=60)
    return process.returncode, out.decode(), err.decode()


def test_init_check_and_show(tmp_path):
    code, out, _err = ran(tmp_path, "config", "init", "--output", "sub/datafold.toml")
    assert (code, "Wrote sub/datafold.toml" in out) == (0, True)
    assert stat.S_IMODE((tmp_path / "sub/datafold.toml").stat().st_mode) == 0o644
    assert ran(tmp_path, "config", "init", "--output", "sub/datafold.toml")[0] == 24
    named = ("--config", "sub/datafold.toml")
    assert ran(tmp_path, "config", "check", *named)[0] == 0
    code, out, _err = ran(tmp_path, "config", "show", *named, DATAFOLD_API__PORT="77")
    assert code == 0
    assert "environment DATAFOLD_API__PORT" in out
    (tmp_path / "sub/datafold.toml").write_text("[api]\nprt = 1\nport = 'MARKER'\n")
    code, out, err = ran(tmp_path, "config", "check", *named)
    assert code == 38
    assert f"{tmp_path}/sub/datafold.toml:2: api.prt: there is no such setting." in out
    assert "MARKER" not in out + err
    code, out, _err = ran(tmp_path, "config", "check", "--json", *named)
    assert (code, '"line": 2' in out) == (38, True)


def test_production_is_warned_of_what_it_should_not_have(tmp_path):
    (tmp_path / "c.toml").write_text(
        ORDERS + "[databases.orders.crypto]\nminimum_score = 1\n[api]\nallowed_hosts = ['*']\n"
        "trust_socket_owner = true\n"
    )
    code, out, _err = ran(tmp_path, "config", "check", "--config", "c.toml")
    assert code == 0
    for word in ("minimum_score", "allowed_hosts", "trust_socket_owner", "fingerprint"):
        assert word in out
