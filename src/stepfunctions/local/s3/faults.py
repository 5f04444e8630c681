"""The errors S3 answers with, in AWS's words.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

from collections.abc import Mapping

from stepfunctions.errors import ServiceError


class S3Error(ServiceError):
    """An error of S3. ``details`` become elements of the XML answer; ``headers`` go with it."""

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 400,
        details: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code, message, status)
        self.details = dict(details or {})
        self.headers = dict(headers or {})


def no_such_bucket(bucket: str) -> S3Error:
    """The bucket does not exist (404)."""
    return S3Error("NoSuchBucket", "The specified bucket does not exist", 404, {"BucketName": bucket})


def no_such_key(key: str) -> S3Error:
    """The object does not exist (404)."""
    return S3Error("NoSuchKey", "The specified key does not exist.", 404, {"Key": key})


def no_such_version(key: str, version: str) -> S3Error:
    """The object has no such version (404)."""
    return S3Error("NoSuchVersion", "The specified version does not exist.", 404, {"Key": key, "VersionId": version})


def no_such_upload(upload_id: str) -> S3Error:
    """The multipart upload does not exist, was aborted or was completed (404)."""
    return S3Error(
        "NoSuchUpload",
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted "
        "or completed.",
        404,
        {"UploadId": upload_id},
    )


def invalid_argument(message: str, name: str = "", value: str = "") -> S3Error:
    """An argument is not what S3 accepts (400)."""
    details = {"ArgumentName": name, "ArgumentValue": value} if name else {}
    return S3Error("InvalidArgument", message, 400, details)


def invalid_request(message: str) -> S3Error:
    """The request as a whole makes no sense (400)."""
    return S3Error("InvalidRequest", message)


def malformed_xml(why: str = "") -> S3Error:
    """The XML of a request cannot be read or does not fit the operation (400)."""
    text = "The XML you provided was not well-formed or did not validate against our published schema"
    return S3Error("MalformedXML", f"{text} ({why})" if why else text)


def precondition_failed(condition: str) -> S3Error:
    """A condition of the request does not hold (412)."""
    return S3Error(
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
        412,
        {"Condition": condition},
    )


def not_implemented(what: str, instead: str) -> S3Error:
    """The local S3 does not do this; ``instead`` says what it does (501)."""
    return S3Error("NotImplemented", f"{what} is not supported by the local S3. {instead}", 501)
