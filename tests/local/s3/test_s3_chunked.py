from __future__ import annotations

import base64
import itertools
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepfunctions.errors import ServiceError
from stepfunctions.local.s3.chunked import ChunkedDecoder

SIGNATURE = b";chunk-signature=" + b"0" * 64


def encode(
    chunks: list[bytes], *, signed: bool = False, trailers: dict[str, str] | None = None, closed: bool = True
) -> bytes:
    """The aws-chunked body of these chunks."""
    extra = SIGNATURE if signed else b""
    out = b"".join(b"%x%s\r\n%s\r\n" % (len(chunk), extra, chunk) for chunk in chunks if chunk)
    out += b"0" + extra + b"\r\n"
    for name, value in (trailers or {}).items():
        out += f"{name}:{value}\r\n".encode()
    return out + (b"\r\n" if closed else b"")


@given(
    chunks=st.lists(st.binary(max_size=300), max_size=5),
    signed=st.booleans(),
    closed=st.booleans(),
    trailer=st.booleans(),
    cuts=st.lists(st.integers(0, 2000), max_size=20),
)
def test_any_split_decodes_to_the_same(
    chunks: list[bytes], signed: bool, closed: bool, trailer: bool, cuts: list[int]
) -> None:
    trailers = {"x-amz-checksum-crc32": "AAAAAA==", "X-Amz-Trailer-Signature": "0" * 64} if trailer else {}
    body = encode(chunks, signed=signed, trailers=trailers, closed=closed)
    decoder = ChunkedDecoder()
    borders = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    out = b"".join(bytes(view) for start, end in itertools.pairwise(borders) for view in decoder.feed(body[start:end]))
    decoder.finish()
    assert out == b"".join(chunks)
    assert decoder.trailers == {name.lower(): value for name, value in trailers.items()}


@given(chunks=st.lists(st.binary(min_size=1, max_size=50), min_size=1, max_size=3), data=st.data())
def test_a_body_that_ends_too_early_is_refused(chunks: list[bytes], data: st.DataObject) -> None:
    body = encode(chunks)
    cut = data.draw(st.integers(0, len(body) - len(b"0\r\n\r\n")))
    decoder = ChunkedDecoder()
    decoder.feed(body[:cut])
    with pytest.raises(ServiceError, match="IncompleteBody"):
        decoder.finish()


@pytest.mark.parametrize(
    "body",
    [
        b"xyz\r\n",
        b"\r\n",
        b"-5\r\n12345",
        b"5\n12345",
        b"2\r\n1234\r\n",
        b"0\r\nno trailer\r\n",
        b"0\r\n\r\nmore",
        b"1" * 20_000,
        b"0x5\r\n12345\r\n",
        b"1_0\r\n",
    ],
)
def test_a_malformed_body_is_refused(body: bytes) -> None:
    with pytest.raises(ServiceError, match="InvalidChunkFormat"):
        ChunkedDecoder().feed(body)


def chunked_headers(kind: str, size: int, **more: str) -> dict[str, str]:
    return {
        "x-amz-content-sha256": kind,
        "x-amz-decoded-content-length": str(size),
        "Content-Encoding": "aws-chunked",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }


@pytest.mark.parametrize(
    ("kind", "signed", "trailer"),
    [
        ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", True, False),
        ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", True, True),
        ("STREAMING-UNSIGNED-PAYLOAD-TRAILER", False, True),
    ],
)
def test_chunked_puts(raw: Any, client: Any, bucket: str, kind: str, signed: bool, trailer: bool) -> None:
    content = b"0123456789" * 100_000
    chunks = [content[start : start + 65_536] for start in range(0, len(content), 65_536)]
    crc = base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()
    more = {"x_amz_trailer": "x-amz-checksum-crc32"} if trailer else {}
    body = encode(chunks, signed=signed, trailers={"x-amz-checksum-crc32": crc} if trailer else {})
    status, headers, _ = raw("PUT", f"/{bucket}/k", body, chunked_headers(kind, len(content), **more))
    assert status == 200
    assert headers.get("x-amz-checksum-crc32") == (crc if trailer else None)
    got = client.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == content
    assert "ContentEncoding" not in got


def test_the_encoding_of_the_content_itself_is_kept(raw: Any, client: Any, bucket: str) -> None:
    headers = chunked_headers("STREAMING-UNSIGNED-PAYLOAD-TRAILER", 3)
    headers["Content-Encoding"] = "aws-chunked, gzip"
    assert raw("PUT", f"/{bucket}/k", encode([b"abc"]), headers)[0] == 200
    assert client.head_object(Bucket=bucket, Key="k")["ContentEncoding"] == "gzip"


def test_chunked_puts_that_are_refused(raw: Any, client: Any, bucket: str) -> None:
    kind = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    trailer = {"x_amz_trailer": "x-amz-checksum-crc32"}
    cases = [
        (encode([b"abc"]), chunked_headers(kind, 4), "IncompleteBody"),
        (b"3\r\nab", chunked_headers(kind, 3), "IncompleteBody"),
        (b"zz\r\nab", chunked_headers(kind, 3), "InvalidChunkFormat"),
        (encode([b"abc"]), chunked_headers(kind, 3, **trailer), "MalformedTrailerError"),
        (
            encode([b"abc"], trailers={"x-amz-checksum-crc32": "AAAAAA=="}),
            chunked_headers(kind, 3, **trailer),
            "BadDigest",
        ),
        (encode([b"abc"]), {"x-amz-content-sha256": kind}, "MissingContentLength"),
        (encode([b"abc"]), chunked_headers(kind, 3, x_amz_trailer="x-amz-checksum-sha512"), "NotImplemented"),
    ]
    for body, headers, expected in cases:
        _, _, answer = raw("PUT", f"/{bucket}/k", body, headers)
        assert f"<Code>{expected}</Code>".encode() in answer
    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_chunked_put_may_come_without_a_length(raw: Any, client: Any, bucket: str) -> None:
    """As the AWS SDK for C++ sends parts, and with it pyarrow."""
    headers = {
        "Content-Encoding": "aws-chunked",
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": "3",
        "x-amz-trailer": "x-amz-checksum-crc32",
    }
    body = iter([b"3\r\nabc\r\n0\r\nx-amz-checksum-crc32:NSRBwg==\r\n\r\n"])
    assert raw("PUT", f"/{bucket}/k", body, headers)[0] == 200  # a body of unknown length: Transfer-Encoding: chunked
    assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == b"abc"
