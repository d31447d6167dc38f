"""``operator``: who else opens the data, with a passphrase of his own that changes nothing.

Listing needs no secret; everything else needs the master passphrase.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from wizard import engine
from wizard.cli import changes, options, output
from wizard.cli.choose import CostChoice, cost_options
from wizard.cli.interruption import interruptible
from wizard.cli.new_passphrase import Demand, asked_when_needed
from wizard.cli.progress import progress_line
from wizard.cli.unlocking import Attempt, UnlockOptions, open_with

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from wizard.cli.sources import Source


@click.group(
    "operator",
    options_metavar="",
    subcommand_metavar="add|list|remove|rename PATH [OPTIONS]",
    short_help="People who open the data with their own passphrases and change nothing.",
    epilog=options.example(
        "datafold-wizard operator add node.db --label ada",
        "datafold-wizard operator list node.db",
    ),
)
def operator() -> None:
    """Let people open the data with passphrases of their own. They cannot change the protection.

    Nor their own passphrases: the master key signs every slot. For another passphrase the operator
    is removed and added again.
    """


@operator.command(
    "add",
    epilog=options.example(
        "datafold-wizard operator add node.db --label ada",
        "datafold-wizard operator add node.db --label backup --passphrase file:m "
        "--new-passphrase file:b",
    ),
)
@options.path_argument
@click.option("--label", required=True, metavar="NAME", help="Who it is: 1 to 64 characters.")
@options.passphrase_option
@options.keyfile_option
@options.new_passphrase_option
@cost_options
@options.min_score_option
@options.high_cost_option
@options.json_option
def add(
    *,
    path: Path,
    label: str,
    source: Source | None,
    keyfile: Path | None,
    new_source: Source | None,
    min_score: int | None,
    allow_high_cost: bool,
    as_json: bool,
    **cost: Any,
) -> None:
    """Let NAME open PATH. Asks for the master passphrase, then for the operator's own, twice."""
    changes.check_sources(source, new_source)
    params, allowed = changes.agreed_params(CostChoice(**cost), allow_high_cost=allow_high_cost)
    demand = Demand(
        engine.DEFAULT_MINIMUM_SCORE if min_score is None else min_score,
        context=(path.stem, label),
    )

    def change(attempt: Attempt) -> engine.Changed:
        with progress_line() as line, interruptible() as token, ExitStack() as secrets:
            return engine.add_operator(
                path,
                attempt.secret,
                label,
                asked_when_needed(new_source, demand, secrets, line),
                keyfile=keyfile,
                params=params,
                minimum_score=demand.minimum_score,
                allow_high_cost=allowed or attempt.allow_high_cost,
                progress=line,
                cancel=token,
            )

    unlock = UnlockOptions(source=source, keyfile=keyfile, allow_high_cost=allow_high_cost)
    _tell(
        open_with(path, unlock, change),
        f"{output.printable(label)} opens the data from now on, and changes nothing else.",
        as_json=as_json,
    )


@operator.command("list", epilog=options.example("datafold-wizard operator list node.db --json"))
@options.path_argument
@options.json_option
def list_(path: Path, *, as_json: bool) -> None:
    """List the operators of PATH. Asks for no secret."""
    found = engine.inspect(path)
    if found.metadata is None or not found.opens:
        raise found.error or engine.DamagedMetadata("The crypto metadata cannot be used.")
    slots = found.metadata.operator_slots
    if as_json:
        output.say_json({"path": str(found.path), "operators": listed(found.metadata)})
    elif not slots:
        output.say("No operators: only the master passphrase and the recovery kit open it.")
    else:
        rows = [
            (
                slot.label,
                slot.created_at,
                output.describe_derivation(
                    memory_kib=slot.params.memory_kib,
                    passes=slot.params.passes,
                    lanes=slot.params.lanes,
                    keyfile=False,
                ),
            )
            for slot in slots
        ]
        output.say_table(("Operator", "added", "key derivation"), rows)


@operator.command(
    "remove", epilog=options.example("datafold-wizard operator remove node.db --label ada")
)
@options.path_argument
@click.option("--label", required=True, metavar="NAME", help="Who it is, as listed.")
@options.passphrase_option
@options.keyfile_option
@options.high_cost_option
@options.json_option
def remove(path: Path, label: str, *, as_json: bool, **given: Any) -> None:
    """Take NAME's slot away from PATH. The data key that he has seen stays as it is."""
    done = _changed(path, engine.remove_operator, label, **given)
    _tell(
        done,
        f"{output.printable(label)}'s passphrase opens it no more. The data key, which it opened, "
        "is unchanged.",
        as_json=as_json,
    )


@operator.command(
    "rename", epilog=options.example("datafold-wizard operator rename node.db --label ada --to Ada")
)
@options.path_argument
@click.option("--label", required=True, metavar="NAME", help="Who it is, as listed.")
@click.option("--to", "new_label", required=True, metavar="NAME", help="The name from now on.")
@options.passphrase_option
@options.keyfile_option
@options.high_cost_option
@options.json_option
def rename(path: Path, label: str, new_label: str, *, as_json: bool, **given: Any) -> None:
    """Correct the label of an operator of PATH; the passphrase stays."""
    done = _changed(path, engine.rename_operator, label, new_label, **given)
    _tell(
        done,
        f"{output.printable(label)} is called {output.printable(new_label)} from now on.",
        as_json=as_json,
    )


def listed(metadata: engine.Metadata) -> list[dict[str, Any]]:
    """The operators as ``--json`` prints them."""
    return [
        {
            "label": slot.label,
            "created_at": slot.created_at,
            "memory_kib": slot.params.memory_kib,
            "passes": slot.params.passes,
            "lanes": slot.params.lanes,
        }
        for slot in metadata.operator_slots
    ]


def _changed(
    path: Path,
    verb: Callable[..., engine.Changed],
    *labels: str,
    source: Source | None,
    keyfile: Path | None,
    allow_high_cost: bool,
) -> engine.Changed:
    def change(attempt: Attempt) -> engine.Changed:
        with progress_line() as line:
            return verb(
                path,
                attempt.secret,
                *labels,
                keyfile=keyfile,
                allow_high_cost=attempt.allow_high_cost,
                progress=line,
            )

    unlock = UnlockOptions(source=source, keyfile=keyfile, allow_high_cost=allow_high_cost)
    return open_with(path, unlock, change)


def _tell(done: engine.Changed, headline: str, *, as_json: bool) -> None:
    if as_json:
        output.say_json({**changes.as_document(done), "operators": listed(done.metadata)})
        return
    changes.tell_settled(done)
    output.say(headline)
    names = [output.printable(slot.label) for slot in done.metadata.operator_slots]
    output.say(f"Operators now: {', '.join(names) or 'none'}.")
    changes.tell_exposure(done)
    changes.tell_warnings(done)
