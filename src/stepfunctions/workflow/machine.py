"""The state machine of a workflow: what its requests say, and in what it differs from the one that is there."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stepfunctions.query.values import same
from stepfunctions.steps.graph import Graph
from stepfunctions.workflow.settings import same_setting, tag_list

logger = logging.getLogger("stepfunctions")

SETTINGS = {
    "logging": "loggingConfiguration",
    "tracing": "tracingConfiguration",
    "encryption": "encryptionConfiguration",
}
"""How a workflow calls a setting, and how the API does."""
_LARGEST = 1_048_576
"""Bytes of the largest definition; one that is over it with indentation is sent without."""


@dataclass(slots=True)
class Wanted:
    """What a state machine should be. None, and a setting that is not there: nothing is said about it."""

    definition: Graph | None = None
    role: str | None = None
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By the API's name."""
    tags: dict[str, str] | None = None
    format_json: bool = True

    def request(self) -> dict[str, Any]:
        """Return the members that create and update have in common."""
        request: dict[str, Any] = {}
        if self.definition is not None:
            request["definition"] = self._text(self.definition)
        if self.role is not None:
            request["roleArn"] = self.role
        return request | self.settings

    def _text(self, definition: Graph) -> str:
        text = definition.to_json(pretty=self.format_json)
        return text if len(text.encode()) <= _LARGEST else definition.to_json()


def settings_of(**given: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    """Return the settings that are given (``logging=…``), by the API's names."""
    return {SETTINGS[name]: value for name, value in given.items() if value is not None}


def published(publish: bool, description: str | None) -> dict[str, Any]:
    """Return the members of a request that publishes a version too. Raises ValueError for a description alone."""
    if description is not None and not publish:
        raise ValueError("version_description describes the version that publish=True makes: give publish=True too.")
    return {"publish": True, **({} if description is None else {"versionDescription": description})} if publish else {}


def differences(wanted: Wanted, described: Mapping[str, Any]) -> list[str]:
    """Return in what a state machine differs from what is wanted: definition, role, logging, tracing, encryption."""
    found: list[str] = []
    if wanted.definition is not None and not same(
        json.loads(described["definition"]), json.loads(wanted.definition.to_json())
    ):
        found.append("definition")
    if wanted.role is not None and described["roleArn"] != wanted.role:
        found.append("role")
    for name, wire in SETTINGS.items():
        if wire in wanted.settings and not same_setting(wire, wanted.settings[wire], described.get(wire)):
            found.append(name)
    return found


def set_tags(client: Any, arn: str, tags: Mapping[str, str]) -> bool:
    """Make the tags of a state machine equal to these; returns whether that took a change.

    Tags whose keys begin with ``aws:`` belong to AWS and stay.
    """
    there = {one["key"]: one.get("value", "") for one in client.list_tags_for_resource(resourceArn=arn)["tags"]}
    gone = [key for key in there if key not in tags and not key.lower().startswith("aws:")]
    new = {key: value for key, value in tags.items() if there.get(key) != value}
    if gone:  # first, so that a machine with the most tags that it can have takes other ones
        client.untag_resource(resourceArn=arn, tagKeys=gone)
    if new:
        client.tag_resource(resourceArn=arn, tags=tag_list(new))
    return bool(gone or new)


def existing_arn(error: Exception) -> str:
    """Return the ARN that a StateMachineAlreadyExists names."""
    found = re.search(r"arn:[^'\"\s]+:stateMachine:[^'\"\s]+", str(error))
    if found is None:
        raise error
    return found.group().rstrip(".")
