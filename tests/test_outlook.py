"""What status says beyond the facts: who saw the data key, and what this machine could afford."""

import pytest

from tests.databases import PASSPHRASE
from tests.test_passphrase_change import NEW, node
from wizard.engine import KdfParams, change_passphrase, inspect, outlook, status_report
from wizard.engine.exposure import Outlook

__all__ = ["node"]


def test_removed_slots_are_counted_in_one_sentence(node):
    assert status_report(inspect(node))["outlook"]["exposure"] == ""
    change_passphrase(node, PASSPHRASE, NEW)
    told = status_report(inspect(node))["outlook"]
    assert told["exposure"].startswith("data key seen by 1 removed slot since the last rotation")
    assert told["retired_slots"] == 1


@pytest.mark.parametrize(("seconds", "said"), [(1, "1 s"), (59, "59 s"), (180, "3 min")])
def test_the_time_of_a_rotation_is_told(seconds, said):
    seen = Outlook(retired_slots=2, rotation_seconds=seconds, stronger=None)
    assert seen.exposure == (
        f"data key seen by 2 removed slots since the last rotation; rotating takes about {said}"
    )


def test_weak_parameters_are_noticed_and_strong_ones_are_not(node):
    from dataclasses import replace

    metadata = inspect(node).metadata
    assert outlook(metadata, size=1).stronger is not None
    dear = replace(metadata.master_slot, params=KdfParams(4 * 1024 * 1024, 4, 4))
    assert outlook(replace(metadata, master_slot=dear), size=1).stronger is None
