"""How keys become paths when objects are laid out as files for a job."""

from __future__ import annotations

from stepfunctions.local.s3.faults import invalid_argument


def relative_path(key: str, prefix: str) -> str:
    """Return the path of a key within the folder that its prefix is laid out in; raises InvalidArgument."""
    if key == prefix and not key.endswith("/"):
        name = key.rsplit("/", 1)[-1]
    elif not prefix or prefix.endswith("/"):
        name = key[len(prefix) :]
    elif key[len(prefix)] == "/":
        name = key[len(prefix) + 1 :]
    else:
        name = key[prefix.rfind("/") + 1 :]
    segments = name.removesuffix("/").split("/") if name else []
    if any(segment in ("", ".", "..") or "\0" in segment or len(segment.encode()) > 255 for segment in segments):
        raise invalid_argument(
            f"The object '{key}' cannot be laid out as a file: '{name}' is not a path below a "
            f"folder. Use another prefix or key."
        )
    return "/".join(segments)
