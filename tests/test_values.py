"""Our frozen, slotted dataclasses, held against the standard library's."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import pickle
import pkgutil

import pytest

import wizard.engine
from wizard import values


class Members:
    """What both have in common."""

    whole: int
    text: str
    data: bytes = b"none"
    many: tuple[int, ...] = ()

    @property
    def twice(self) -> int:
        return 2 * self.whole

    @classmethod
    def usual(cls) -> Members:
        return cls(1, "a")


def made_with(decorator, name):
    members = {k: v for k, v in vars(Members).items() if k not in ("__dict__", "__weakref__")}
    return decorator(frozen=True, slots=True)(
        type(name, (), {**members, "__qualname__": name, "__module__": __name__})
    )


Ours = made_with(values.dataclass, "Ours")
Theirs = made_with(dataclasses.dataclass, "Theirs")
BOTH = pytest.mark.parametrize("kind", [Ours, Theirs])


@BOTH
@pytest.mark.parametrize(
    ("given", "named"),
    [
        ((1, "a"), {}),
        ((1,), {"text": "a"}),
        ((), {"text": "a", "whole": 1}),
        ((1, "a", b"x", (2,)), {}),
        ((1, "a"), {"many": (1, 2)}),
        ((), {"many": (1, 2), "data": b"", "text": "", "whole": 0}),
    ],
)
def test_made_and_read_back(kind, given, named):
    value = kind(*given, **named)
    expected = {
        "data": b"none",
        "many": (),
        **dict(zip(kind.__slots__, given, strict=False)),
        **named,
    }
    assert {name: getattr(value, name) for name in kind.__slots__} == expected
    assert dataclasses.asdict(value) == expected
    assert value.twice == 2 * expected["whole"]
    shown = ", ".join(f"{name}={expected[name]!r}" for name in kind.__slots__)
    assert repr(value) == f"{kind.__name__}({shown})"


@BOTH
@pytest.mark.parametrize(
    ("given", "named"),
    [
        ((), {}),
        ((1,), {}),
        ((), {"text": "a"}),
        ((1, "a", b"", (), 5), {}),
        ((1, "a"), {"whole": 1}),
        ((1, "a"), {"other": 1}),
        ((1,), {"other": 1}),
    ],
)
def test_what_does_not_fit_is_refused(kind, given, named):
    with pytest.raises(TypeError):
        kind(*given, **named)


@BOTH
def test_equality_is_of_class_and_fields(kind):
    value = kind.usual()
    assert value == kind(1, "a")
    assert value != kind(2, "a")
    assert value != (1, "a", b"none", ())
    assert value != (Theirs if kind is Ours else Ours).usual()
    assert len({value, kind(1, "a"), kind(1, "b")}) == 2


@BOTH
def test_it_is_frozen_and_slotted(kind):
    value = kind.usual()
    for change in (
        lambda: setattr(value, "whole", 2),
        lambda: delattr(value, "whole"),
        lambda: setattr(value, "other", 2),
    ):
        with pytest.raises((dataclasses.FrozenInstanceError, TypeError)):
            change()
    assert not hasattr(value, "__dict__")
    assert value == kind.usual()


@BOTH
def test_it_is_copied_changed_and_matched(kind):
    value = kind(1, "a", many=(1, 2))
    for twin in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert twin == value
    changed = [dataclasses.replace(value, text="b")]
    changed += [values.replace(value, text="b")]
    assert changed == [kind(1, "b", many=(1, 2))] * 2
    with pytest.raises(TypeError):
        values.replace(value, other=1)
    match value:
        case kind(1, text, data, many=(_, last)):
            assert (text, data, last) == ("a", b"none", 2)
        case _:
            pytest.fail("not matched")


def test_its_fields_are_those_of_the_original():
    described = [
        [(field.name, field.type, field.default) for field in dataclasses.fields(kind)]
        for kind in (Ours, Theirs)
    ]
    assert described[0] == described[1]
    assert Ours.__match_args__ == Theirs.__match_args__
    assert dataclasses.is_dataclass(Ours)


@pytest.mark.parametrize(
    "options", [{"frozen": True, "slots": False}, {"frozen": False, "slots": True}]
)
def test_it_is_nothing_but_frozen_and_slotted(options):
    with pytest.raises(TypeError):
        values.dataclass(**options)


def test_every_value_of_the_engine_has_fields_that_dataclasses_knows():
    kinds = [
        kind
        for module in pkgutil.iter_modules(wizard.engine.__path__)
        for kind in vars(importlib.import_module(f"wizard.engine.{module.name}")).values()
        if isinstance(kind, type)
        and dataclasses.is_dataclass(kind)
        and kind.__mro__ == (kind, object)
    ]
    assert len(kinds) > 40
    for kind in kinds:
        assert {field.name for field in dataclasses.fields(kind)} == set(kind.__annotations__)
