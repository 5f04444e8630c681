"""What makes AWS clients call the local cloud."""

from __future__ import annotations


def client_env(endpoint: str | None, region: str) -> dict[str, str]:
    """Return the environment variables of a client of the local cloud at this endpoint.

    Host prefixes are off because botocore would send StartSyncExecution to ``sync-127.0.0.1``.
    """
    env = {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    if endpoint is not None:
        env = {"AWS_ENDPOINT_URL": endpoint, **env}
    return env
