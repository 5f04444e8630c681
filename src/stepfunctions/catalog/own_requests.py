"""The requests of actions that are Step Functions' own: no operation of an API has them.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class OwnRequest:
    """The members that a request must have, and those that it may have besides."""

    required: tuple[str, ...]
    optional: tuple[str, ...]

    def problems(self, given: Iterable[str]) -> Iterator[str]:
        """Yield what is wrong with the names of a request's members, in AWS's words. ``.$`` does not count.

        >>> list(OwnRequest(("Method",), ()).problems(["Nonsense"]))
        ["The field 'Method' is required but was missing", "The field 'Nonsense' is not supported by Step Functions"]
        """
        names = [name.removesuffix(".$") for name in given]
        for name in self.required:
            if name not in names:
                yield f"The field '{name}' is required but was missing"
        for name in names:
            if name not in self.required and name not in self.optional:
                yield f"The field '{name}' is not supported by Step Functions"


_CLUSTER = ("ClusterName", "CertificateAuthority", "Endpoint")

OWN_REQUESTS: Mapping[tuple[str, str], OwnRequest] = MappingProxyType(
    {
        ("apigateway", "invoke"): OwnRequest(
            ("ApiEndpoint", "Method"),
            ("Headers", "Stage", "Path", "QueryParameters", "RequestBody", "AllowNullValues", "AuthType"),
        ),
        ("eks", "call"): OwnRequest((*_CLUSTER, "Method", "Path"), ("QueryParameters", "RequestBody")),
        ("eks", "runJob"): OwnRequest((*_CLUSTER, "Job"), ("Namespace", "LogOptions")),
        ("http", "invoke"): OwnRequest(
            ("ApiEndpoint", "Method"),
            ("Authentication", "InvocationConfig", "Headers", "QueryParameters", "RequestBody", "Transform"),
        ),
    }
)
"""(service, action) -> the request."""
