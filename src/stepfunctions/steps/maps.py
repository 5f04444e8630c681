"""The parts of a distributed Map: where items come from, how they are grouped, where results go.

Each can be written as a dict with the language's names too. Developer guide:
https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

from typing import Any

from stepfunctions.asl import maps
from stepfunctions.inputs.expressions import Expression
from stepfunctions.steps.blocks import Block
from stepfunctions.steps.utils import get_aws_partition


def _s3(action: str) -> str:
    return f"arn:{get_aws_partition()}:states:::s3:{action}"


class ProcessorConfig(Block):
    """How items run: ``mode`` ``"INLINE"`` or ``"DISTRIBUTED"``, ``execution_type`` ``"STANDARD"`` or ``"EXPRESS"``."""

    ASL = maps.ProcessorConfig


class ReaderConfig(Block):
    """What an ItemReader finds and how it reads it; see :class:`stepfunctions.asl.maps.ReaderConfig`."""

    ASL = maps.ReaderConfig


class ItemReader(Block):
    """Where items come from. Its class methods write the usual ones.

    >>> ItemReader.jsonl("bucket", "items.jsonl", max_items=10).to_dict()["ReaderConfig"]
    {'InputType': 'JSONL', 'MaxItems': 10}
    """

    ASL = maps.ItemReader

    @classmethod
    def file(cls, bucket: Any, key: Any, input_type: str, **config: Any) -> ItemReader:
        """Read the items of an S3 object; ``config`` are further fields of ReaderConfig."""
        return cls(
            resource=_s3("getObject"),
            parameters={"Bucket": bucket, "Key": key},
            reader_config=ReaderConfig(input_type=input_type, **config),
        )

    @classmethod
    def json(cls, bucket: str | Expression, key: str | Expression, **config: Any) -> ItemReader:
        """Read a JSON array, or with ``items_pointer`` one inside the document."""
        return cls.file(bucket, key, "JSON", **config)

    @classmethod
    def jsonl(cls, bucket: str | Expression, key: str | Expression, **config: Any) -> ItemReader:
        """Read one JSON value a line."""
        return cls.file(bucket, key, "JSONL", **config)

    @classmethod
    def csv(
        cls, bucket: str | Expression, key: str | Expression, headers: list[str] | None = None, **config: Any
    ) -> ItemReader:
        """Read one object a row, all values strings. ``headers``: the columns, when the first row has none."""
        if headers is None:
            return cls.file(bucket, key, "CSV", csv_header_location="FIRST_ROW", **config)
        return cls.file(bucket, key, "CSV", csv_header_location="GIVEN", csv_headers=headers, **config)

    @classmethod
    def parquet(cls, bucket: str | Expression, key: str | Expression, **config: Any) -> ItemReader:
        """Read the rows of a Parquet file."""
        return cls.file(bucket, key, "PARQUET", **config)

    @classmethod
    def objects(cls, bucket: str | Expression, prefix: str | Expression = "", **config: Any) -> ItemReader:
        """List the objects under a prefix: each item is an object's description."""
        given = {"reader_config": ReaderConfig(**config)} if config else {}
        return cls(resource=_s3("listObjectsV2"), parameters={"Bucket": bucket, "Prefix": prefix}, **given)


class ItemBatcher(Block):
    """How items are grouped; a child's input is then ``{"BatchInput": …, "Items": […]}``."""

    ASL = maps.ItemBatcher


class WriterConfig(Block):
    """The form of exported results; see :class:`stepfunctions.asl.maps.WriterConfig`."""

    ASL = maps.WriterConfig


class ResultWriter(Block):
    """Where results go, when not into the Map's output."""

    ASL = maps.ResultWriter

    @classmethod
    def to_s3(cls, bucket: str | Expression, prefix: str | Expression, **config: Any) -> ResultWriter:
        """Write the results as files under a prefix; ``config`` are fields of WriterConfig."""
        given = {"writer_config": WriterConfig(**config)} if config else {}
        return cls(resource=_s3("putObject"), parameters={"Bucket": bucket, "Prefix": prefix}, **given)
