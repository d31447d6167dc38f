"""tmux is suggested once."""

from __future__ import annotations

import pytest

from wizard.tui.suggestion import SENTENCE, suggestion

SSH = {"SSH_CONNECTION": "10.0.0.1 5022 10.0.0.2 22"}


def test_it_is_said_once_and_never_again(tmp_path):
    assert suggestion(SSH, tmp_path / "state") == SENTENCE
    assert suggestion(SSH, tmp_path / "state") == ""


@pytest.mark.parametrize("variables", [{}, {**SSH, "TMUX": "/tmp/t,1,0"}, {**SSH, "STY": "1.pts"}])
def test_it_is_for_those_over_ssh_without_one(tmp_path, variables):
    assert suggestion(variables, tmp_path) == ""
    assert not list(tmp_path.iterdir())


def test_where_nothing_can_be_remembered_it_is_said_again(tmp_path):
    (tmp_path / "file").touch()
    assert suggestion(SSH, tmp_path / "file" / "state") == SENTENCE
