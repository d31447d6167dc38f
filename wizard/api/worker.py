"""A worker process: takes one request after the other from its server, until that is gone."""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import asdict
from typing import Any

from wizard import engine
from wizard.api import wire
from wizard.api.verbs import VERBS
from wizard.diagnostics import explain

_NICENESS = 5
_DRAW_EVERY_SECONDS = 0.1


def main(descriptor: int) -> int:
    """Serve until the server closes the line."""
    engine.protect_process()
    os.nice(_NICENESS)
    with socket.socket(fileno=descriptor) as line:
        while True:
            try:
                message, secrets = wire.receive(line)
            except wire.Gone:
                return 0
            answer = _answer(line, message, secrets)
            try:
                wire.send(line, answer)
            except OSError:
                # The server has ended. What was done is on the disk, and its receipt as well.
                return 0


def _answer(
    line: socket.socket, message: dict[str, Any], secrets: dict[str, engine.Secret]
) -> dict[str, Any]:
    def tell(progress: dict[str, Any]) -> None:
        try:
            wire.send(line, {"progress": progress})
        except OSError:
            return  # the work goes on: half done helps nobody

    arguments = message["arguments"]
    try:
        return {"result": VERBS[message["verb"]](arguments, secrets, tell)}
    except Exception as error:  # noqa: BLE001 - carried over in the table's words
        return {"error": asdict(explain(error, path=arguments.get("path")))}
    finally:
        for secret in secrets.values():
            secret.close()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
