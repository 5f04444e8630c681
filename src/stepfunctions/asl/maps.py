"""What only a Map state has: its processor's mode, its reader, batcher and writer.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

from dataclasses import dataclass

from stepfunctions.asl.document import JSON
from stepfunctions.asl.fields import (
    JSONATA,
    JSONPATH,
    STRING,
    STRINGS,
    TEMPLATE,
    VALUE_PATH,
    Absent,
    Nested,
    asl_field,
    integer,
    one_of,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessorConfig:
    """How items run: ``INLINE`` (the default) in the same execution, ``DISTRIBUTED`` as child executions."""

    mode: str | Absent = asl_field("Mode", one_of("INLINE", "DISTRIBUTED"))
    execution_type: str | Absent = asl_field("ExecutionType", one_of("STANDARD", "EXPRESS"))


@dataclass(frozen=True, kw_only=True, slots=True)
class ReaderConfig:
    """What the reader finds and how it reads it. CSV values are all strings."""

    input_type: str | Absent = asl_field("InputType", one_of("CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"))
    manifest_type: str | Absent = asl_field("ManifestType", one_of("ATHENA_DATA", "S3_INVENTORY"))
    transformation: str | Absent = asl_field("Transformation", one_of("NONE", "LOAD_AND_FLATTEN"))
    csv_delimiter: str | Absent = asl_field("CSVDelimiter", one_of("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"))
    csv_header_location: str | Absent = asl_field("CSVHeaderLocation", one_of("FIRST_ROW", "GIVEN"))
    csv_headers: tuple[str, ...] | Absent = asl_field("CSVHeaders", STRINGS)
    items_pointer: str | Absent = asl_field("ItemsPointer", STRING)
    max_items: int | str | Absent = asl_field("MaxItems", integer(0, 100_000_000), group="max items")
    max_items_path: str | Absent = asl_field("MaxItemsPath", VALUE_PATH, language=JSONPATH, group="max items")


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemReader:
    """Where the items of a distributed Map come from: an S3 object or a listing."""

    resource: str = asl_field("Resource", STRING, required=True)
    parameters: JSON = asl_field("Parameters", TEMPLATE, language=JSONPATH)
    arguments: JSON = asl_field("Arguments", TEMPLATE, language=JSONATA)
    reader_config: ReaderConfig | Absent = asl_field("ReaderConfig", Nested(ReaderConfig))


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemBatcher:
    """How items are grouped; a child's input is then ``{"BatchInput": …, "Items": […]}``."""

    max_items_per_batch: int | str | Absent = asl_field(
        "MaxItemsPerBatch", integer(0, 100_000_000), group="batch items"
    )
    max_items_per_batch_path: str | Absent = asl_field(
        "MaxItemsPerBatchPath", VALUE_PATH, language=JSONPATH, group="batch items"
    )
    max_input_bytes_per_batch: int | str | Absent = asl_field(
        "MaxInputBytesPerBatch", integer(0, 262_144), group="batch bytes"
    )
    max_input_bytes_per_batch_path: str | Absent = asl_field(
        "MaxInputBytesPerBatchPath", VALUE_PATH, language=JSONPATH, group="batch bytes"
    )
    batch_input: JSON = asl_field("BatchInput", TEMPLATE)


@dataclass(frozen=True, kw_only=True, slots=True)
class WriterConfig:
    """The form of exported results."""

    output_type: str | Absent = asl_field("OutputType", one_of("JSON", "JSONL"))
    transformation: str | Absent = asl_field("Transformation", one_of("NONE", "COMPACT", "FLATTEN"))


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultWriter:
    """Where the results of a distributed Map go, when not into its output."""

    resource: str | Absent = asl_field("Resource", STRING)
    parameters: JSON = asl_field("Parameters", TEMPLATE, language=JSONPATH)
    arguments: JSON = asl_field("Arguments", TEMPLATE, language=JSONATA)
    writer_config: WriterConfig | Absent = asl_field("WriterConfig", Nested(WriterConfig))
