"""2.3.0's enumeration of the fields of the Amazon States Language, as the field table has them now."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, EnumMeta
from typing import TYPE_CHECKING, Any

from stepfunctions import asl
from stepfunctions.asl.fields import declared_fields


def _members() -> Iterator[tuple[str, str]]:
    """Yield each field's name on the wire and the attribute it has here."""
    classes: tuple[type[Any], ...] = (asl.StateMachine, *asl.STATE_TYPES.values(), asl.Retrier, asl.Catcher)
    for cls in classes:
        for field in declared_fields(cls):
            yield field.spec.wire, field.attribute
    yield "NextStep", "next_step"  # 2.3.0's, for the step that a Catch leads to


if TYPE_CHECKING:

    class _AnyField(EnumMeta):
        def __getattr__(cls, name: str) -> Field: ...

    class Field(str, Enum, metaclass=_AnyField):
        """See below."""

else:
    Field = Enum("Field", dict(_members()), type=str, module=__name__)
    Field.__doc__ = """A field: ``Field.TimeoutSeconds.value`` is ``timeout_seconds``, to which the member is equal."""
