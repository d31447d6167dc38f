"""Attacks on the program; all must fail. Small here, in full with DATAFOLD_ATTACKS=full."""

import os

FULL = os.environ.get("DATAFOLD_ATTACKS") == "full"
