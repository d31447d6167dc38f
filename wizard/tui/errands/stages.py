"""Stages of long work and pages that several errands have in common."""

from __future__ import annotations

KEYS = (("derive", "Derive the keys"), ("commit", "Put them in force"))
NEW_KIT = (("derive", "Derive the keys"), ("rehearse", "Open it with the new kit"))
FRESH_KIT = ("errand-review", "work", "kit", "proof", "force", "result")
