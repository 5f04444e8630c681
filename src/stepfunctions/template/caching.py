"""Step caching, written as states: what was trained on the same inputs before is not trained again.

    Look at the inputs → Look up the last run → Unchanged? → … what is cached … → Remember the run

The inputs' hash is compared with the one in a record in S3, which is written when the steps have succeeded.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from stepfunctions.asl.fields import JSONATA
from stepfunctions.inputs.expressions import Expression, jsonata, variable
from stepfunctions.steps.base import Catch, Retry, State
from stepfunctions.steps.flows import Flow, flow_of
from stepfunctions.steps.services.aws_sdk import aws_sdk
from stepfunctions.steps.state_types import Choice, Pass
from stepfunctions.steps.writing import Linkable

_MOST = 500
"""How many objects are looked at: with keys of up to some 250 characters, their list fits a task's 256 KiB."""
_GROUP = 150
"""How many ETags and sizes are hashed together: $hash takes 10,000 characters."""
_HASH = "SHA-256"
_NO_RECORD = ["S3.NoSuchKeyException", "States.QueryEvaluationError"]
"""There is none, or none that can be read."""
_DATA = "{% $states.input %}"


@dataclass(frozen=True)
class StepCache:
    """Which runs are the same, and where that is written down.

    ``bucket`` and ``prefix``: where the records are, one a model. ``key``: what names a model, an expression of its
    data such as ``StepInput()["Route"]``; at most 900 characters, and what S3 takes in a key.

    What a model is made of is either ``hash``, a text in its data, or ``inputs``: the prefix of the objects it is
    trained on, without the bucket (``inputs_bucket``, by default the same). Their ETags and sizes are hashed; of more
    than 500 objects nothing is ever taken from the cache, and neither is a model that has no ``hash``. ``version``
    names everything else that matters: the code, the image, hyperparameters. Another version trains every model again.

    The role needs ``s3:ListBucket``, ``s3:GetObject`` and ``s3:PutObject``. Raises ValueError when neither or both of
    ``hash`` and ``inputs`` are given.
    """

    bucket: str
    key: Expression
    inputs: Expression | str | None = None
    hash: Expression | None = None
    version: str = ""
    prefix: str = "cache/"
    inputs_bucket: str | None = None

    def __post_init__(self) -> None:
        if (self.inputs is None) == (self.hash is None):
            raise ValueError(
                "A StepCache needs to know what a model is made of: give inputs=, the prefix of its objects in S3, or "
                "hash=, a text in its data; not both."
            )
        for name in ("bucket", "inputs_bucket"):
            if "/" in (getattr(self, name) or ""):
                raise ValueError(f"{name}={getattr(self, name)!r} is a bucket's name, without 's3://' and prefix.")


def cached(cache: StepCache, steps: Linkable) -> Flow:
    """Return steps that are left out when they have succeeded before with the same inputs.

    Their output is kept in the record, and is the output again when they are left out, with ``"Cached": true`` added.
    """
    choice = Choice("Unchanged?", query_language=JSONATA)
    known = aws_sdk(
        "s3",
        "get_object",
        "Look up the last run",
        arguments={"Bucket": cache.bucket, "Key": variable("cache_key")},
        assign={"cache_record": jsonata("$parse($states.result.Body)")},
        output=_DATA,
        retry=Retry(error_equals=_NO_RECORD, max_attempts=0),
        catch=Catch(
            choice,
            error_equals=_NO_RECORD,
            assign={"cache_record": {}},
            output=_DATA,
            comment="There is no run to compare with.",
        ),
    )
    unchanged = Pass(
        "Unchanged",
        output=jsonata(
            "$type($cache_record.Output) = 'object' ? $merge([$cache_record.Output, {'Cached': true}]) "
            ": {'Output': $cache_record.Output, 'Cached': true}"
        ),
    )
    same = jsonata("$exists($cache_record.Hash) and $cache_record.Hash = $cache_hash")
    remember = aws_sdk(
        "s3",
        "put_object",
        "Remember the run",
        arguments={
            "Bucket": cache.bucket,
            "Key": variable("cache_key"),
            "ContentType": "application/json",
            "Body": jsonata(
                "$string({'Hash': $cache_hash, 'Output': $states.input, 'Execution': $states.context.Execution.Id})"
            ),
        },
        output=_DATA,
    )
    # What was done is done: when it cannot be written down, it is done again next time.
    forgotten = Pass("Not remembered")
    remember.add_catch(Catch(forgotten, error_equals=["States.ALL"], output=_DATA))
    flow = _look_at_inputs(cache) >> known >> choice.when(same, unchanged).otherwise(flow_of(steps) >> remember)
    return Flow(flow.first, flow.links, (*flow.tails, forgotten))


def _look_at_inputs(cache: StepCache) -> State:
    """Return the step that finds the hash of the inputs and the key of the record, and keeps them in variables."""
    key = f"{_text(cache.prefix)} & $string({cache.key.to_jsonata()}) & '.json'"
    version = _text(f"\n{cache.version}")
    if cache.hash is not None:
        given = cache.hash.to_jsonata()
        found = f"$exists({given}) ? $hash($string({given}) & {version}, '{_HASH}') : $uuid()"
        assign = {"cache_hash": jsonata(found), "cache_key": jsonata(key)}
        return Pass("Look at the inputs", query_language=JSONATA, assign=assign)
    entries = "[$states.result.Contents.(ETag & $string(Size))]"
    groups = f"$map($partition({entries}, {_GROUP}), function($group) {{ $hash($join($group), '{_HASH}') }})"
    found = (
        "$states.result.IsTruncated or $states.result.KeyCount = 0 ? $uuid() "
        f": $hash($join([{groups}]) & {version}, '{_HASH}')"
    )
    inputs = cache.inputs
    return aws_sdk(
        "s3",
        "list_objects_v2",
        "Look at the inputs",
        arguments={
            "Bucket": cache.inputs_bucket or cache.bucket,
            "Prefix": jsonata(inputs.to_jsonata()) if isinstance(inputs, Expression) else inputs,
            "MaxKeys": _MOST,
        },
        assign={"cache_hash": jsonata(found), "cache_key": jsonata(key)},
        output=_DATA,
    )


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
