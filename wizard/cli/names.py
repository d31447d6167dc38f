"""The commands by name, and where each is: a command is loaded when it is the one that was typed.

Standard library only, and little of it: the program looks here before it knows what to load.
"""

from __future__ import annotations

from collections.abc import Mapping

COMMANDS: Mapping[str, str] = {
    "init": "init:init",
    "status": "inspecting:status",
    "verify": "opening:verify",
    "shell": "opening:shell",
    "passwd": "passwd:passwd",
    "recover": "recovering:recover",
    "recovery": "recovery_kit:recovery_group",
    "operator": "operators:operator",
    "backup": "backups:backup",
    "restore": "restoring:restore",
    "audit": "auditing:audit",
    "rotate": "rotate:rotate",
    "decrypt": "decrypting:decrypt",
    "reinit": "starting_over:reinit",
    "public-key": "inspecting:public_key",
    "sign": "signing:sign",
    "verify-signature": "signing:verify_signature",
    "check": "checking:check",
    "config": "configuring:config",
    "grant": "granting:grant",
    "token": "tokens:token",
    "serve": "serving:serve",
    "accelerate": "accelerating:accelerate",
    "benchmark": "benchmark:benchmark",
    "selftest": "selftest:selftest",
    "completion": "completing:completion",
}
"""Name -> module in this package, and the command in it; in the order of the help page."""
