"""Frozen, slotted dataclasses that cost next to nothing to make.

`dataclasses.dataclass` writes and compiles five functions for every class (0.4 ms), and loads what
inspects and parses Python for the first (8 ms). A program that tells a state in 40 ms makes twenty
of them. Here the same methods are closures over the names of the fields.

- The result is a dataclass to everybody who asks: `dataclasses.replace`, `fields` and `asdict`, type
  checkers, ``match``, ``copy`` and ``pickle``. A test holds it against the original.
- Frozen, slotted, without inheritance and without `field`: that is all the values of the engine need.
"""

from __future__ import annotations

__all__ = ["dataclass", "replace"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from dataclasses import dataclass, replace
    from typing import Any
else:

    def dataclass(*, frozen: bool, slots: bool) -> Callable[[type], type]:
        """`dataclasses.dataclass` with both options, which must be set."""
        if not (frozen and slots):
            raise TypeError("a value is frozen and slotted")
        return _made

    def replace(value: Any, /, **changed: Any) -> Any:
        """`dataclasses.replace`, of values made here."""
        return type(value)(**{name: getattr(value, name) for name in value.__slots__} | changed)


class _Fields:
    """What `dataclasses` asks a class for: made by `dataclasses` itself, when it does."""

    def __init__(self, defaults: Mapping[str, Any]) -> None:
        self._defaults = defaults

    def __get__(self, _value: object, cls: Any) -> Any:
        from dataclasses import field, make_dataclass  # noqa: PLC0415 - see above

        fields = [
            (name, kind, field(default=self._defaults[name]))
            if name in self._defaults
            else (name, kind)
            for name, kind in cls.__annotations__.items()
        ]
        twin: Any = make_dataclass(cls.__name__, fields, frozen=True, slots=True)
        cls.__dataclass_fields__ = twin.__dataclass_fields__
        return twin.__dataclass_fields__


def _made(cls: type) -> type:
    names = tuple(cls.__annotations__)
    defaults = {name: vars(cls)[name] for name in names if name in vars(cls)}
    left_out = {*names, "__dict__", "__weakref__"}
    members = {name: each for name, each in vars(cls).items() if name not in left_out}
    members |= {
        "__slots__": names,
        "__match_args__": names,
        "__qualname__": cls.__qualname__,
        "__dataclass_fields__": _Fields(defaults),
    }
    value = type(cls)(cls.__name__, cls.__bases__, members)
    _add_methods(value, names, defaults)
    return value


def _add_methods(cls: Any, names: tuple[str, ...], defaults: Mapping[str, Any]) -> None:
    # The slots themselves: nothing else gets around `__setattr__`.
    slots = tuple(vars(cls)[name] for name in names)

    def values_of(self: Any) -> tuple[Any, ...]:
        return tuple(slot.__get__(self) for slot in slots)

    def set_values(self: Any, values: Any) -> None:
        for slot, each in zip(slots, values, strict=True):
            slot.__set__(self, each)

    def initialize(self: Any, *given: Any, **named: Any) -> None:
        if named or len(given) != len(names):
            given = _completed(cls, names, defaults, given, named)
        set_values(self, given)

    def equals(self: Any, other: object) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return values_of(self) == values_of(other)

    def hash_of(self: Any) -> int:
        return hash(values_of(self))

    def shown(self: Any) -> str:
        said = (f"{name}={each!r}" for name, each in zip(names, values_of(self), strict=True))
        return f"{cls.__qualname__}({', '.join(said)})"

    cls.__init__, cls.__eq__, cls.__hash__, cls.__repr__ = initialize, equals, hash_of, shown
    cls.__setattr__, cls.__delattr__ = _refuse_assignment, _refuse_deletion
    cls.__getstate__, cls.__setstate__ = values_of, set_values


def _completed(
    cls: type,
    names: tuple[str, ...],
    defaults: Mapping[str, Any],
    given: tuple[Any, ...],
    named: dict[str, Any],
) -> tuple[Any, ...]:
    """The value of every field. Raises `TypeError` as a call of a function with them would."""
    values = {**defaults, **dict(zip(names, given, strict=False)), **named}
    twice = named.keys() & set(names[: len(given)])
    if not twice and len(given) <= len(names) and values.keys() == set(names):
        return tuple(values[name] for name in names)
    if twice or len(given) > len(names):
        raise TypeError(f"{cls.__qualname__}() got a field twice, or too many")
    unknown, missing = values.keys() - set(names), set(names) - values.keys()
    what = "has no field" if unknown else "lacks a value for"
    raise TypeError(f"{cls.__qualname__}() {what} {', '.join(sorted(unknown or missing))}")


def _refuse_assignment(_self: object, name: str, _value: object) -> None:
    from dataclasses import FrozenInstanceError  # noqa: PLC0415 - see above

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deletion(_self: object, name: str) -> None:
    from dataclasses import FrozenInstanceError  # noqa: PLC0415 - see above

    raise FrozenInstanceError(f"cannot delete field {name!r}")
