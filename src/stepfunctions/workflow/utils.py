"""2.3.0's ``workflow.utils``. The names live in :mod:`stepfunctions.logs` and :mod:`clients`."""

from stepfunctions.logs import CustomColorFormatter
from stepfunctions.workflow.clients import append_user_agent_to_client

__all__ = ["CustomColorFormatter", "append_user_agent_to_client"]
