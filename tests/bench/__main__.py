"""Prints one table of everything that is measured, and the machine that it was measured on."""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
from dataclasses import asdict
from pathlib import Path

from tests.bench.measuring import Row

NAMES = (
    "derivation",
    "opening",
    "load",
    "converting",
    "fleet",
    "screen",
    "starting",
    "foretelling",
)


def main(arguments: list[str]) -> int:
    """Run the named measurements, or all; the exit code is 1 where a target is missed."""
    as_json = "--json" in arguments
    names = [name for name in arguments if not name.startswith("--")] or list(NAMES)
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"There is no measurement {unknown[0]}; there are: {', '.join(NAMES)}.")
        return 2
    rows: list[Row] = []
    for name in names:
        print(f"measuring: {name}", file=sys.stderr, flush=True)
        module = importlib.import_module(f"tests.bench.{name}")
        rows += list(module.rows())
    if as_json:
        print(json.dumps({"machine": machine(), "rows": [asdict(row) for row in rows]}, indent=1))
    else:
        print(f"\n{machine()}\n")
        print(table(rows))
    return 1 if any(row.met is False for row in rows) else 0


def table(rows: list[Row]) -> str:
    """Markdown, as the README quotes it."""
    lines = [
        "| what | measured | yardstick | figure | target | |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        target = "" if row.target is None else f"at most {row.target:g}{row.unit}"
        met = {True: "met", False: "MISSED", None: ""}[row.met]
        figure = f"{row.figure:.2f}{row.unit}"
        lines.append(
            f"| {row.what} | {row.measured} | {row.yardstick} | {figure} | {target} | {met} |"
        )
    return "\n".join(lines)


def machine() -> str:
    """The processor, how many of it, memory, kernel and Python."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{len(os.sched_getaffinity(0))} x {model}, {gib:.0f} GiB, "
        f"Linux {platform.release()}, Python {platform.python_version()}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
