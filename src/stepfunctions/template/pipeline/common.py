"""What the pipelines of steps share: a workflow whose requests are the input of its executions."""

from __future__ import annotations

import copy
import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from stepfunctions.steps.graph import Chain
from stepfunctions.steps.state_types import Task
from stepfunctions.template.utils import replace_parameters_with_context_object
from stepfunctions.workflow import Workflow

if TYPE_CHECKING:
    from stepfunctions.workflow import Execution


class StepId(Enum):
    """The names of the pipelines' states."""

    Train = "Training"
    CreateModel = "Create Model"
    ConfigureEndpoint = "Configure Endpoint"
    Deploy = "Deploy"
    TrainPreprocessor = "Train Preprocessor"
    CreatePreprocessorModel = "Create Preprocessor Model"
    TransformInput = "Transform Input"
    CreatePipelineModel = "Create Pipeline Model"


class WorkflowTemplate:
    """A workflow made from a template: the base of the pipelines.

    ``s3_bucket`` is where the pipeline keeps what it makes, without ``s3://``; ``role`` the ARN of the workflow's
    execution role. :attr:`input_template` holds the request of each state by the state's name: every execution is
    given a copy of it with its own names filled in.
    """

    definition: Chain
    input_template: dict[str, Any]

    def __init__(self, s3_bucket: str, workflow: Workflow, role: str, client: Any = None, **kwargs: Any) -> None:
        # 2.3.0 took a client, which the workflow has already, and any other argument.
        del client, kwargs
        self.workflow = workflow
        self.role = role
        self.s3_bucket = s3_bucket

    def render_graph(self, portrait: bool = False) -> Any:
        """Return the graph of the workflow, which shows itself in a notebook."""
        return self.workflow.render_graph(portrait=portrait)

    def get_workflow(self) -> Workflow:
        """Return the workflow."""
        return self.workflow

    def build_workflow_definition(self) -> Chain:
        """Return the steps; every template has its own."""
        raise NotImplementedError

    def create(self) -> str:
        """Create the state machine and return its ARN."""
        return self.workflow.create()

    def execute(self, job_name: str | None = None, hyperparameters: Any = None) -> Execution:
        """Start an execution; every template has its own."""
        raise NotImplementedError

    def _extract_input_template(self, definition: Chain) -> dict[str, Any]:
        """Move the requests of all tasks into a template of the execution's input, and return it."""
        template: dict[str, Any] = {}
        for step in definition:
            if isinstance(step, Task):
                template[step.state_id] = copy.deepcopy(step.parameters)
                step.update_parameters(replace_parameters_with_context_object(step))
        return template

    def _start(self, job_name: str, inputs: dict[str, Any]) -> Execution:
        """Start an execution named as the job; the state machine is created before, if it is not there yet."""
        if not self.workflow.state_machine_arn:
            self.workflow.create()
        return self.workflow.execute(name=job_name, inputs=inputs)

    def _generate_timestamp(self) -> str:
        return datetime.datetime.now().strftime("%Y-%m-%d-%H-%M-%S")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(s3_bucket={self.s3_bucket!r}, workflow={self.workflow!r}, role={self.role!r})"
