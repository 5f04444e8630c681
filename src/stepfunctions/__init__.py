"""Write AWS Step Functions workflows in Python; run them here, with no AWS account, or on AWS.

The package is a drop-in successor of AWS's ``stepfunctions`` 2.3.0 ("Step Functions Data Science SDK").
Start with :mod:`stepfunctions.steps` and :mod:`stepfunctions.workflow`.
"""

from __future__ import annotations

import importlib
import logging
from logging import NullHandler
from typing import Any

from stepfunctions.logs import CustomColorFormatter, set_stream_logger

__version__: str
"""The version of the distribution, looked up when it is first read: that takes longer than all the rest here."""

__useragent__ = "aws-step-functions-data-science-sdk-python"
"""How requests to AWS name this package: as 2.3.0's do, with this version."""

__all__ = [
    "CustomColorFormatter",
    "NullHandler",
    "__useragent__",
    "__version__",
    "inputs",
    "set_stream_logger",
    "steps",
    "template",
    "workflow",
]

logging.getLogger("stepfunctions").addHandler(NullHandler())


def __getattr__(name: str) -> Any:
    """Import a subpackage when it is first used, so that ``import stepfunctions`` costs next to nothing."""
    if name == "__version__":
        globals()[name] = found = _version()
        return found
    if name in ("exceptions", "inputs", "steps", "template", "workflow"):
        return importlib.import_module(f"stepfunctions.{name}")
    raise AttributeError(f"module 'stepfunctions' has no attribute '{name}'")


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("stepfunctions-sdk")
    except PackageNotFoundError:  # run from a source tree that is not installed
        return "0"
