"""``serve``: the HTTP API of this node. The web framework is imported here, and only here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wizard import engine
from wizard.cli import options, output
from wizard.cli.sources import Source
from wizard.refusals import UsageProblem
from wizard.version import PROGRAM

if TYPE_CHECKING:
    from wizard.settings import Settings

_LEAST_CHARACTERS = 22
_MOST_CHARACTERS = 255


@click.command(
    "serve",
    short_help="Answer over HTTP: the API of this node.",
    epilog=options.example(
        "datafold-wizard serve",
        "datafold-wizard serve --unix-socket /run/datafold/api.sock",
    ),
)
@options.config_option
@click.option("--host", metavar="ADDRESS", help="Default: 127.0.0.1, this machine only.")
@click.option("--port", type=click.IntRange(0, 65535), help="Default: 8734; 0 takes a free one.")
@click.option(
    "--unix-socket", type=click.Path(path_type=Path), metavar="PATH", help="Instead of a port."
)
@click.option("--tls-cert", type=click.Path(path_type=Path), metavar="FILE", help="Certificate.")
@click.option("--tls-key", type=click.Path(path_type=Path), metavar="FILE", help="Its key.")
@click.option(
    "--bootstrap-token",
    "bootstrap",
    type=options.source_value,
    metavar="SOURCE",
    help="Where to read the token that may initialize databases without a master key. "
    "Default: one is drawn and printed, if there is such a database.",
)
@options.json_option
def serve(
    config_file: Path | None, bootstrap: Source | None, *, as_json: bool, **listening: Any
) -> None:
    """Serve the API until SIGTERM or Ctrl+C. Every request but health needs a token."""
    from wizard import settings  # noqa: PLC0415 - pydantic
    from wizard.api import node as nodes  # noqa: PLC0415 - the web framework
    from wizard.api import server  # noqa: PLC0415

    chosen = settings.load(config_file, options=_options(**listening)).settings
    token = _bootstrap_token(chosen, bootstrap)
    node = nodes.node_of(chosen, bootstrap=token)
    bound = server.listen(chosen.api)
    address = server.address_of(chosen.api, bound)

    def tell() -> None:
        _tell(chosen, address, "" if bootstrap is not None else token, as_json=as_json)

    server.serve(node, bound, started=tell)


def _options(
    *,
    host: str | None,
    port: int | None,
    unix_socket: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
) -> dict[str, Any]:
    given = {
        "host": host,
        "port": port,
        "unix_socket": None if unix_socket is None else str(unix_socket.absolute()),
        "tls_certificate": None if tls_cert is None else str(tls_cert.absolute()),
        "tls_key": None if tls_key is None else str(tls_key.absolute()),
    }
    api = {name: value for name, value in given.items() if value is not None}
    return {"api": api} if api else {}


def _bootstrap_token(chosen: Settings, source: Source | None) -> str:
    """Return the token that was given, or a drawn one where a database could use it."""
    if source is not None:
        with source.read() as secret, secret.expose() as view:
            token = str(view, "ascii", "replace")
        if not _LEAST_CHARACTERS <= len(token) <= _MOST_CHARACTERS or not token.isprintable():
            raise UsageProblem("A bootstrap token has 22 to 255 printable ASCII characters.")
        return token
    startable = {engine.State.ABSENT, engine.State.PLAINTEXT, engine.State.INTERRUPTED}
    if any(engine.inspect(each.path).state in startable for each in chosen.databases.values()):
        from wizard.api.tokens import draw_token  # noqa: PLC0415

        return draw_token()
    return ""


def _tell(chosen: Settings, address: str, token: str, *, as_json: bool) -> None:
    # The result last: whoever waits for it has the warnings by then.
    if chosen.environment == "development":
        output.note("Warning: environment is development; not for data that matters.")
        if chosen.api.beyond_loopback and chosen.api.tls_key is None:
            output.note("Warning: listening beyond this machine without TLS: passphrases show.")
    if not chosen.databases:
        output.note(f"No database is configured. Begin with: {PROGRAM} config init")
    if as_json:
        document = {"address": address, "databases": list(chosen.databases)}
        output.say_json(document | ({"bootstrap_token": token} if token else {}))
    else:
        output.say(f"Serving {len(chosen.databases)} database(s) on {address}")
        if token:
            output.say(f"Bootstrap token, for databases without a master key: {token}")
    output.flush()
