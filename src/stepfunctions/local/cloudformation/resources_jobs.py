"""Resource types of Glue and ECS.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Glue.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ECS.html
"""

from __future__ import annotations

from typing import Any

from stepfunctions.local.cloudformation.convert import converted
from stepfunctions.local.cloudformation.handlers import Context, Made, Properties
from stepfunctions.local.cloudformation.resource import Resource, member_shape


class _Job(Resource):
    """A Glue job; UpdateJob takes all of it as one member, so what it leaves out gets its default again."""

    def update(self, context: Context, id: str, old: Properties, new: Properties) -> Made:
        """See Handler."""
        apart = ("Name", "Tags")
        kept = {name: value for name, value in new.items() if name not in apart}
        if kept != {name: value for name, value in old.items() if name not in apart}:
            change: Any = converted(kept, member_shape("glue", "UpdateJob", "JobUpdate"), "Job")
            context.call("glue", "UpdateJob", JobName=id, JobUpdate=change)
        tags = {name: value for name, value in old.items() if name == "Tags"}
        return super().update(context, id, kept | tags, new)


HANDLERS = [
    _Job(
        type="AWS::Glue::Job",
        service="glue",
        fields="AllocatedCapacity Command* Connections DefaultArguments Description ExecutionClass ExecutionProperty"
        " GlueVersion JobMode LogUri MaxCapacity MaxRetries Name! NonOverridableArguments NotificationProperty"
        " NumberOfWorkers Role* SecurityConfiguration Tags Timeout WorkerType",
        create_call="CreateJob",
        describe_call="GetJob",
        inside="Job",
        delete_call="DeleteJob",
        name=("Name", 255),
        ref="{Name}",
        key={"JobName": "{id}"},
    ),
    Resource(
        type="AWS::ECS::TaskDefinition",
        service="ecs",
        fields="ContainerDefinitions! Cpu! EphemeralStorage! ExecutionRoleArn! Family! IpcMode! Memory! NetworkMode!"
        " PidMode! PlacementConstraints! ProxyConfiguration! RequiresCompatibilities! RuntimePlatform! Tags"
        " TaskRoleArn! Volumes!",
        create_call="RegisterTaskDefinition",
        describe_call="DescribeTaskDefinition",
        inside="taskDefinition",
        delete_call="DeregisterTaskDefinition",
        name=("Family", 255),
        ref="{taskDefinitionArn}",
        key={"taskDefinition": "{id}"},
        attributes={"TaskDefinitionArn": "{id}"},
    ),
]
