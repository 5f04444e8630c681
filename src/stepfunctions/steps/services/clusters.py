"""Steps of clusters: EKS, EMR, EMR on EKS and EMR Serverless.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
"""

from __future__ import annotations

from stepfunctions.steps.services.step import JobStep, ServiceStep


class EksCreateClusterStep(ServiceStep):
    """Make a cluster: ``parameters={"Name": …, "RoleArn": …, "ResourcesVpcConfig": {"SubnetIds": […]}}``.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-eks.html
    """

    SERVICE, ACTION = "eks", "createCluster"


class EksDeleteClusterStep(ServiceStep):
    """Delete a cluster: ``parameters={"Name": …}``.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-eks.html
    """

    SERVICE, ACTION = "eks", "deleteCluster"


class EksCreateFargateProfileStep(ServiceStep):
    """Make a Fargate profile.

    ``parameters={"ClusterName": …, "FargateProfileName": …, "PodExecutionRoleArn": …, "Selectors": […]}``.
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-eks.html
    """

    SERVICE, ACTION = "eks", "createFargateProfile"


class EksDeleteFargateProfileStep(ServiceStep):
    """Delete a Fargate profile: ``parameters={"ClusterName": …, "FargateProfileName": …}``.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-eks.html
    """

    SERVICE, ACTION = "eks", "deleteFargateProfile"


class EksCreateNodegroupStep(ServiceStep):
    """Make a node group: ``parameters={"ClusterName": …, "NodegroupName": …, "NodeRole": …, "Subnets": […]}``.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-eks.html
    """

    SERVICE, ACTION = "eks", "createNodegroup"


class EksDeleteNodegroupStep(ServiceStep):
    """Delete a node group: ``parameters={"ClusterName": …, "NodegroupName": …}``.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-eks.html
    """

    SERVICE, ACTION = "eks", "deleteNodegroup"


class EksRunJobStep(ServiceStep):
    """Run a job of Kubernetes: ``parameters={"ClusterName": …, "CertificateAuthority": …, "Endpoint": …, "Job": {…}}``.

    ``"LogOptions": {"RetrieveLogs": True}`` puts what it wrote into the result.
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-eks.html
    """

    SERVICE, ACTION = "eks", "runJob"


class EksCallStep(ServiceStep):
    """Call the API of Kubernetes.

    ``parameters={"ClusterName": …, "CertificateAuthority": …, "Endpoint": …, "Method": "GET", "Path": …}``.
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-eks.html
    """

    SERVICE, ACTION = "eks", "call"


class EmrCreateClusterStep(JobStep):
    """Make a cluster, and wait until it is ready.

    ``parameters={"Name": …, "ReleaseLabel": …, "Instances": {…}, "ServiceRole": …, "JobFlowRole": …}``; its id is the
    ``ClusterId`` of the result.
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-emr.html
    """

    SERVICE, ACTION = "elasticmapreduce", "createCluster"


class EmrTerminateClusterStep(JobStep):
    """Terminate a cluster: ``parameters={"ClusterId": …}``.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-emr.html
    """

    SERVICE, ACTION = "elasticmapreduce", "terminateCluster"


class EmrAddStepStep(JobStep):
    """Run a step on a cluster: ``parameters={"ClusterId": …, "Step": {"Name": …, "HadoopJarStep": {"Jar": …}}}``.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-emr.html
    """

    SERVICE, ACTION = "elasticmapreduce", "addStep"


class EmrCancelStepStep(ServiceStep):
    """Cancel a step: ``parameters={"ClusterId": …, "StepId": …}``.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-emr.html
    """

    SERVICE, ACTION = "elasticmapreduce", "cancelStep"


class EmrSetClusterTerminationProtectionStep(ServiceStep):
    """Protect a cluster: ``parameters={"ClusterId": …, "TerminationProtected": True}``.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-emr.html
    """

    SERVICE, ACTION = "elasticmapreduce", "setClusterTerminationProtection"


class EmrModifyInstanceFleetByNameStep(ServiceStep):
    """Resize a fleet.

    ``parameters={"ClusterId": …, "InstanceFleetName": …, "InstanceFleet": {"TargetOnDemandCapacity": 4}}``.
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-emr.html
    """

    SERVICE, ACTION = "elasticmapreduce", "modifyInstanceFleetByName"


class EmrModifyInstanceGroupByNameStep(ServiceStep):
    """Resize a group: ``parameters={"ClusterId": …, "InstanceGroupName": …, "InstanceGroup": {"InstanceCount": 4}}``.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-emr.html
    """

    SERVICE, ACTION = "elasticmapreduce", "modifyInstanceGroupByName"


class EmrContainersCreateVirtualClusterStep(ServiceStep):
    """Make a virtual cluster on EKS: ``parameters={"Name": …, "ContainerProvider": {"Id": …, "Type": "EKS"}}``.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-emr-eks.html
    """

    SERVICE, ACTION = "emr-containers", "createVirtualCluster"


class EmrContainersDeleteVirtualClusterStep(ServiceStep):
    """Delete a virtual cluster: ``parameters={"Id": …}``.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-emr-eks.html
    """

    SERVICE, ACTION = "emr-containers", "deleteVirtualCluster"


class EmrContainersStartJobRunStep(ServiceStep):
    """Run a job on a virtual cluster.

    ``parameters={"VirtualClusterId": …, "ExecutionRoleArn": …, "ReleaseLabel": …, "JobDriver":
    {"SparkSubmitJobDriver": {"EntryPoint": …}}}``.
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-emr-eks.html
    """

    SERVICE, ACTION = "emr-containers", "startJobRun"


class EmrServerlessCreateApplicationStep(ServiceStep):
    """Make an application: ``parameters={"Name": …, "ReleaseLabel": …, "Type": "SPARK"}``.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-emr-serverless.html
    """

    SERVICE, ACTION = "emr-serverless", "createApplication"


class EmrServerlessStartApplicationStep(ServiceStep):
    """Start an application: ``parameters={"ApplicationId": …}``.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-emr-serverless.html
    """

    SERVICE, ACTION = "emr-serverless", "startApplication"


class EmrServerlessStopApplicationStep(ServiceStep):
    """Stop an application: ``parameters={"ApplicationId": …}``.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-emr-serverless.html
    """

    SERVICE, ACTION = "emr-serverless", "stopApplication"


class EmrServerlessDeleteApplicationStep(ServiceStep):
    """Delete an application: ``parameters={"ApplicationId": …}``.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-emr-serverless.html
    """

    SERVICE, ACTION = "emr-serverless", "deleteApplication"


class EmrServerlessStartJobRunStep(ServiceStep):
    """Run a job of an application.

    ``parameters={"ApplicationId": …, "ExecutionRoleArn": …, "JobDriver": {"SparkSubmit": {"EntryPoint": …}}}``.
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-emr-serverless.html
    """

    SERVICE, ACTION = "emr-serverless", "startJobRun"


class EmrServerlessCancelJobRunStep(ServiceStep):
    """Cancel a job: ``parameters={"ApplicationId": …, "JobRunId": …}``.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-emr-serverless.html
    """

    SERVICE, ACTION = "emr-serverless", "cancelJobRun"
