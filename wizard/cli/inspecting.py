"""``status`` and ``public-key``, as Click reads them: what can be said without any secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wizard import engine
from wizard.cli import options, output
from wizard.cli.status import tell
from wizard.version import PROGRAM


@click.command(
    "status",
    short_help="Say what a file is and how it is protected; the exit code tells the state.",
    epilog=options.example("datafold-wizard status node.db --json"),
)
@options.path_argument
@options.json_option
@click.pass_context
def status(context: click.Context, path: Path, *, as_json: bool) -> None:
    """Say what PATH is and how it is protected. Asks for no secret; the exit code tells the state."""
    context.exit(tell(path, as_json=as_json))


@click.command(
    "public-key",
    short_help="Print the public half of the master key.",
    epilog=options.example("datafold-wizard public-key node.db --format openssh"),
)
@options.path_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(("openssh", "pem", "hex", "words", "randomart")),
    default="openssh",
    show_default=True,
    help="OpenSSH line, PEM (SubjectPublicKeyInfo), or 64 hexadecimal digits; the fingerprint in "
    "words, or as the picture that OpenSSH draws of the key.",
)
@options.json_option
def public_key(path: Path, form: str, *, as_json: bool) -> None:
    """Print the public half of the master key. Asks for no secret."""
    found = engine.inspect(path)
    if found.metadata is None or found.state is not engine.State.PROTECTED:
        raise found.error or engine.DamagedMetadata("The crypto metadata cannot be used.")
    key = found.metadata.public_key
    forms: dict[str, Any] = {
        "openssh": lambda: key.openssh(f"{PROGRAM} {found.path.name}"),
        "pem": key.pem,
        "hex": lambda: key.hex,
        "words": lambda: " ".join(engine.fingerprint_words(key)),
        "randomart": lambda: "\n".join(engine.randomart(key)),
    }
    text = str(forms[form]()).rstrip("\n")
    if as_json:
        output.say_json(
            {
                "path": str(found.path),
                "fingerprint": key.fingerprint,
                "format": form,
                "public_key": text,
            }
        )
    else:
        output.say(text)
