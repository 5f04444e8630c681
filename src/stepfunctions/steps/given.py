"""``state.fields``: what 2.3.0 kept the fields of a block in, and its programs read and change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stepfunctions.steps.blocks import Block

_BESIDE = ("type", "iterator")
"""Attributes that are among 2.3.0's fields, and no fields of the language."""


class GivenFields(MutableMapping[str, Any]):
    """The fields that a block has, by the names of its keyword arguments. Changing one changes the block."""

    def __init__(self, block: Block, attributes: Mapping[str, str]) -> None:
        self._block = block
        self._attributes = {**attributes, **{name: name for name in _BESIDE if name in vars(block)}}

    def __getitem__(self, name: str) -> Any:
        if name not in iter(self):
            raise KeyError(name)
        return getattr(self._block, self._attributes[name])

    def __setitem__(self, name: str, value: Any) -> None:
        """Raise ValueError for a wrong value, AttributeError for what is no field."""
        setattr(self._block, self._attributes.get(name, name), value)

    def __delitem__(self, name: str) -> None:
        if name not in iter(self):
            raise KeyError(name)
        delattr(self._block, self._attributes[name])

    def __iter__(self) -> Iterator[str]:
        names = {attribute: name for name, attribute in self._attributes.items()}
        given = {field.attribute for field, _ in self._block._given()}
        beside = [name for name in _BESIDE if vars(self._block).get(name) is not None]
        return (names[key] for key in vars(self._block) if key in names and (names[key] in given or key in beside))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return repr(dict(self))
