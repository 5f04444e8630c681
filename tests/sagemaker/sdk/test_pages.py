"""The documentation's code that needs a line of the SageMaker SDK runs with that line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to.md"


def test_the_code_of_the_page_runs(line: Any, making: Any) -> None:
    fence = rf"^```python sagemaker-{line.number}\n(.*?)^```"
    blocks = re.findall(fence, PAGE.read_text(encoding="utf-8"), flags=re.M | re.S)
    assert blocks
    for block in blocks:
        namespace: dict[str, Any] = {"__name__": "page"}
        making(lambda code=block, names=namespace: exec(code, names))
        assert namespace["train"].to_dict()["Parameters"]["TrainingJobName.$"] == "$$.Execution.Input['job']"
