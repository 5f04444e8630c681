"""What Python would do with a value that is not there yet, and must not: make a text of it, test it, count it.

``f"{placeholder}"`` would put the *name* of a value into a definition instead of the value, and ``if``, ``and``, ``in``
would decide when the workflow is written instead of when it runs. Each raises, and says what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

_MARK = "<known at run time: "
_REPR = re.compile(r"\b(?:Placeholder|ExecutionInput|StepInput|MapItem|Reference)\(\$")


class RunTimeValue:
    """A value, or a condition, that is known only when the execution runs."""

    type: Any = None

    def __str__(self) -> str:
        # Not an error: printing and logging call it too. A field that gets this text refuses it.
        return f"{_MARK}{self!r}>"

    def __format__(self, format_spec: str) -> NoReturn:
        raise TypeError(
            f"{self!r} is known only when the execution runs, so it has no place in an f-string or str.format(). "
            "Write states.format('… {} …', value), or {value!r} to show what it is."
        )

    def __bool__(self) -> bool:
        raise TypeError(
            f"{self!r} is true or false only when the execution runs. Combine conditions with & (and), | (or) and "
            "~ (not), each comparison in parentheses, and give them to Choice.when() or add_choice(). To ask whether "
            "something was given at all, write 'is not None'."
        )

    def __len__(self) -> NoReturn:
        raise TypeError(f"{self!r} has no length before the execution runs. Write states.array_length(value).")

    def __iter__(self) -> Any:
        # Without this, Python would call __getitem__ with 0, 1, 2, … for ever.
        raise TypeError(
            f"{self!r} is no list before the execution runs: an expression cannot be iterated or sorted. Let a Map "
            "state go over it, or write jsonata('$sort(…)'), jsonata('$sum(…)'), states.array_get_item(value, 0)."
        )

    def __contains__(self, item: object) -> bool:
        raise TypeError(
            f"What {self!r} contains is known only when the execution runs. Write "
            "states.array_contains(value, item) for an element, value[name].is_present() for a member."
        )

    def __int__(self) -> int:
        raise TypeError(self._no_number("int"))

    def __float__(self) -> float:
        raise TypeError(self._no_number("float"))

    def _no_number(self, name: str) -> str:
        return (
            f"{self!r} is known only when the execution runs, so {name}() has no number to give. Use it as it is; in "
            "JSONata write jsonata('$number(…)') to read a text as a number."
        )

    if not TYPE_CHECKING:  # type checkers know what there is, and what is misspelt

        def __getattr__(self, name: str) -> NoReturn:
            hint = "" if name.startswith("_") else f" For the member of this name write value['{name}']."
            raise AttributeError(f"{type(self).__name__} has no attribute '{name}'.{hint}")


def text_of_expression(value: Any) -> str | None:
    """Return a text inside a value, also in a key, that was made of an expression by ``str()`` or ``%``; or None."""
    if isinstance(value, str):
        return value if _MARK in value or ("($" in value and _REPR.search(value)) else None
    if isinstance(value, Mapping):
        for key, item in value.items():
            found = text_of_expression(key) or text_of_expression(item)
            if found is not None:
                return found
    elif isinstance(value, (list, tuple)):
        for item in value:
            found = text_of_expression(item)
            if found is not None:
                return found
    return None


def check_text(value: Any, what: str) -> None:
    """Raise ValueError when a value holds the text of an expression. ``what`` begins the message."""
    found = text_of_expression(value)
    if found is not None:
        raise ValueError(
            f"{what} holds the text {found!r}, made of an expression by str() or %: its value is known only when the "
            "execution runs. Give the expression itself, or write states.format('… {} …', value) for a text."
        )
