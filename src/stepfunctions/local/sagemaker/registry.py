"""The model registry: groups of model packages, their versions, and who approved them.

API: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepfunctions.errors import LocalCloudError
from stepfunctions.local import images
from stepfunctions.local.sagemaker.places import Missing, Places
from stepfunctions.local.sagemaker.records import HIDDEN, Record, Records, invalid, shown, unsupported
from stepfunctions.local.services import Call

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

GROUP, PACKAGE = "model-package-group", "model-package"
UPDATED = f"{HIDDEN}updated"
"""The member that notes what the latest update changed, for its event."""
_LAST = f"{HIDDEN}last"
_NOT_KEPT = ("Tags", "ClientToken")
_SUMMARY = (
    *("ModelPackageName", "ModelPackageGroupName", "ModelPackageVersion", "ModelPackageArn", "ModelPackageDescription"),
    *("CreationTime", "ModelPackageStatus", "ModelApprovalStatus", "ModelLifeCycle", "ModelPackageRegistrationType"),
)
_GROUP_SUMMARY = (
    *("ModelPackageGroupName", "ModelPackageGroupArn", "ModelPackageGroupDescription", "CreationTime"),
    "ModelPackageGroupStatus",
)
_CHANGED = (
    *("ModelApprovalStatus", "ApprovalDescription", "InferenceSpecification", "SourceUri", "ModelCard"),
    *("ModelLifeCycle", "ModelPackageRegistrationType"),
)


class Registry:
    """The operations on model package groups and model packages."""

    def __init__(self, cloud: Cloud, records: Records) -> None:
        self._cloud = cloud
        self._records = records
        self._places = Places(cloud)

    # -- groups --------------------------------------------------------------------------------------------------

    def create_group(self, request: Record, call: Call) -> Record:
        """CreateModelPackageGroup."""
        name = request["ModelPackageGroupName"]
        arn = self._records.arn(GROUP, name)
        record = {
            **{member: value for member, value in request.items() if member not in _NOT_KEPT},
            "ModelPackageGroupArn": arn,
            "CreationTime": self._records.now(),
            "CreatedBy": {},
            "ModelPackageGroupStatus": "Completed",
            _LAST: 0,
        }
        self._records.create(
            GROUP,
            name,
            record,
            call.token,
            tags=request.get("Tags"),
            taken=lambda: invalid(f"Model Package Group already exists: {arn}"),
        )
        return {"ModelPackageGroupArn": arn}

    def describe_group(self, request: Record) -> Record:
        """DescribeModelPackageGroup."""
        return shown(self._group(request["ModelPackageGroupName"]))

    def list_groups(self, request: Record) -> Record:
        """ListModelPackageGroups."""
        page = self._records.page(GROUP, request)
        found = [{name: record[name] for name in _GROUP_SUMMARY if name in record} for record in page.records]
        token = {"NextToken": page.next_token} if page.next_token else {}
        return {"ModelPackageGroupSummaryList": found, **token}

    def delete_group(self, request: Record) -> Record:
        """DeleteModelPackageGroup: refused while it has versions."""
        name = self._group(request["ModelPackageGroupName"])["ModelPackageGroupName"]
        if self._versions(name):
            raise invalid(f"Cannot delete model package group {self._records.arn(GROUP, name)}: it has model packages.")
        self._records.delete(GROUP, name)
        return {}

    def _group(self, name: str) -> Record:
        """Return a group by its name or ARN; refuse an unknown one."""
        record = self._records.get(GROUP, name.rpartition("/")[2])
        if record is None:
            raise invalid(f"ModelPackageGroup {name} does not exist.")
        return record

    # -- packages ------------------------------------------------------------------------------------------------

    def create(self, request: Record, call: Call) -> Record:
        """CreateModelPackage: the next version of a group, or a package of its own name."""
        if ("ModelPackageName" in request) == ("ModelPackageGroupName" in request):
            raise invalid("Either ModelPackageName or ModelPackageGroupName is required, not both.")
        unsupported(
            request, {"SourceAlgorithmSpecification": "give InferenceSpecification", "ValidationSpecification": ""}
        )
        self._check_containers(request.get("InferenceSpecification", {}).get("Containers", ()))
        token = call.token or request.get("ClientToken")
        before = self._made_by(token)
        if before is not None:
            return {"ModelPackageArn": before}
        versioned = "ModelPackageGroupName" in request
        name = self._next(request["ModelPackageGroupName"]) if versioned else request["ModelPackageName"]
        arn, now = self._records.arn(PACKAGE, name), self._records.now()
        approval = {"ModelApprovalStatus": request.get("ModelApprovalStatus", "PendingManualApproval")}
        record = {
            **{member: value for member, value in request.items() if member not in _NOT_KEPT},
            **(approval if versioned else {}),
            **({"ModelPackageVersion": int(name.rpartition("/")[2])} if versioned else {}),
            **({"ModelPackageGroupName": name.rpartition("/")[0]} if versioned else {}),
            "ModelPackageName": name.rpartition("/")[0] or name,
            "ModelPackageArn": arn,
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
            "CreationTime": now,
            "CreatedBy": {},
        }
        self._records.create(
            PACKAGE,
            name,
            record,
            token,
            tags=request.get("Tags"),
            status="Completed",
            taken=lambda: invalid(f"Model Package already exists: {arn}"),
        )
        return {"ModelPackageArn": arn}

    def describe(self, request: Record) -> Record:
        """DescribeModelPackage, by name or ARN."""
        return shown(self.package(request["ModelPackageName"]))

    def list_packages(self, request: Record) -> Record:
        """ListModelPackages: of a group, or those that have no versions."""
        group, approval = request.get("ModelPackageGroupName"), request.get("ModelApprovalStatus")
        wanted = "Versioned" if group else request.get("ModelPackageType", "Unversioned")
        if group:
            group = self._group(group)["ModelPackageGroupName"]

        def fits(record: Record) -> bool:
            kind = "Versioned" if "ModelPackageVersion" in record else "Unversioned"
            return (
                wanted in (kind, "Both")
                and (group is None or record.get("ModelPackageGroupName") == group)
                and approval in (None, record.get("ModelApprovalStatus"))
            )

        page = self._records.page(PACKAGE, request, fits=fits)
        found = [{name: record[name] for name in _SUMMARY if name in record} for record in page.records]
        return {"ModelPackageSummaryList": found, **({"NextToken": page.next_token} if page.next_token else {})}

    def update(self, request: Record) -> Record:
        """UpdateModelPackage: its approval, its metadata."""
        name = _name(request["ModelPackageArn"])
        self.package(name)
        self._check_containers(request.get("InferenceSpecification", {}).get("Containers", ()))

        def edit(record: Record) -> str:
            before = shown(record)
            record.update({member: request[member] for member in _CHANGED if member in request})
            metadata = {**record.get("CustomerMetadataProperties", {}), **request.get("CustomerMetadataProperties", {})}
            for key in request.get("CustomerMetadataPropertiesToRemove", ()):
                metadata.pop(key, None)
            if metadata or "CustomerMetadataProperties" in record:
                record["CustomerMetadataProperties"] = metadata
            more = request.get("AdditionalInferenceSpecificationsToAdd")
            if more:
                record["AdditionalInferenceSpecifications"] = [
                    *record.get("AdditionalInferenceSpecifications", []),
                    *more,
                ]
            changed = sorted(member for member in record.keys() - {UPDATED} if record[member] != before.get(member))
            record["LastModifiedTime"], record["LastModifiedBy"] = self._records.now(), {}
            record[UPDATED] = changed
            return str(record["ModelPackageStatus"])

        changed = self._records.change(PACKAGE, name, edit)
        if changed is not None and changed[UPDATED]:
            self._records.announce(PACKAGE, name, {**shown(changed), "UpdatedModelPackageFields": changed[UPDATED]})
        return {"ModelPackageArn": self._records.arn(PACKAGE, name)}

    def delete(self, request: Record) -> Record:
        """DeleteModelPackage: models of it stay."""
        name = _name(request["ModelPackageName"])
        self.package(name)
        self._records.delete(PACKAGE, name)
        return {}

    def package(self, name: str) -> Record:
        """Return a package by its name or ARN; refuse an unknown one."""
        record = self._records.get(PACKAGE, _name(name))
        if record is None:
            raise invalid(f"ModelPackage {name} does not exist.")
        return record

    def container_of(self, name: str) -> Record:
        """Return the container of a package as CreateModel takes it. Refuse one of several containers, or none."""
        record = self.package(name)
        containers = record.get("InferenceSpecification", {}).get("Containers", [])
        if len(containers) != 1:
            raise invalid(f"The model package {name} has {len(containers)} containers; the local cloud serves one.")
        known = ("Image", "ModelDataUrl", "Environment", "ContainerHostname")
        return {member: containers[0][member] for member in known if member in containers[0]}

    def _versions(self, group: str) -> list[Record]:
        return [one for one in self._records.all(PACKAGE) if one.get("ModelPackageGroupName") == group]

    def _next(self, group: str) -> str:
        """Return the name of a group's next version; a number is never given twice."""
        name = self._group(group)["ModelPackageGroupName"]

        def edit(record: Record) -> None:
            record[_LAST] += 1

        changed = self._records.change(GROUP, name, edit)
        if changed is None:
            raise invalid(f"ModelPackageGroup {group} does not exist.")
        return f"{name}/{changed[_LAST]}"

    def _made_by(self, token: str | None) -> str | None:
        """Return the ARN of the package that this very call made before."""
        found = None if token is None else self._records.by_token(PACKAGE, token)
        return None if found is None else str(found["ModelPackageArn"])

    def _check_containers(self, containers: Any) -> None:
        for container in containers:
            try:
                images.resolve(self._cloud.data_dir, container["Image"])
                if "ModelDataUrl" in container:
                    self._places.check_object(container["ModelDataUrl"])
            except (LocalCloudError, Missing) as error:
                raise invalid(str(error)) from error


def _name(text: str) -> str:
    return text.partition(":model-package/")[2] or text
