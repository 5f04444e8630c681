"""The pipeline of 2019 in examples/blog_pipeline."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

OLD_STYLE = Path(__file__).resolve().parents[3] / "examples" / "blog_pipeline" / "old_style.py"


def blog_pipeline() -> Any:
    return runpy.run_path(str(OLD_STYLE))["workflow"].definition.to_dict()
