"""Every rule there is."""

from __future__ import annotations

from stepfunctions.lint.dataflow import IMPOSSIBLE_PATH
from stepfunctions.lint.deprecated import DEPRECATED_ITERATOR, DEPRECATED_LAMBDA_ARN, DEPRECATED_MAP_PARAMETERS
from stepfunctions.lint.express import EXPRESS_TOO_LONG, EXPRESS_UNSUPPORTED
from stepfunctions.lint.expressions import EXPRESSION_SYNTAX
from stepfunctions.lint.flow import (
    MISSING_END_STATE,
    MISSING_TRANSITION_TARGET,
    NO_DEFAULT,
    NO_END,
    UNREACHABLE_STATE,
)
from stepfunctions.lint.handlers import SHADOWED_CATCHER, SHADOWED_RETRIER, UNKNOWN_ERROR_NAME
from stepfunctions.lint.jsonata import INVALID_JSONATA_EXPRESSION, NOT_EVALUATED, UNSUPPORTED_JSONATA_EXPRESSION
from stepfunctions.lint.literals import HARD_CODED_ACCOUNT, HARD_CODED_REGION, SECRET_IN_PARAMETERS
from stepfunctions.lint.looks import NO_DOLLAR, NO_PATH, PASS_RESULT_IS_STATIC
from stepfunctions.lint.loops import ENDLESS_POLLING, HISTORY_TOO_LONG, INESCAPABLE_LOOP
from stepfunctions.lint.maps import (
    DISTRIBUTED_ONLY,
    DUPLICATE_LABEL_NAME,
    INVALID_LABEL_NAME,
    PROCESSOR_LANGUAGE,
    UNKNOWN_SOURCE,
)
from stepfunctions.lint.nesting import INTRINSIC_NESTING
from stepfunctions.lint.parameters import MISSING_PARAMETER, PARAMETER_TYPE, UNKNOWN_PARAMETER, WRONG_REQUEST
from stepfunctions.lint.payloads import PAYLOAD_TOO_LARGE, UNTRIMMED_RESULT
from stepfunctions.lint.resources import UNKNOWN_RESOURCE
from stepfunctions.lint.rule import Rule
from stepfunctions.lint.tasks import (
    CALLBACK_WITHOUT_TIMEOUT,
    CALLBACK_WITHOUT_TOKEN,
    JOB_WITHOUT_TIMEOUT,
    LAMBDA_WITHOUT_RETRY,
)
from stepfunctions.lint.variables import MAYBE_UNDEFINED_VARIABLE, OUT_OF_SCOPE_VARIABLE, UNDEFINED_VARIABLE

AWS_RULES: tuple[Rule, ...] = (
    EXPRESSION_SYNTAX,
    INTRINSIC_NESTING,
    INVALID_JSONATA_EXPRESSION,
    UNSUPPORTED_JSONATA_EXPRESSION,
    UNKNOWN_RESOURCE,
    WRONG_REQUEST,
    DISTRIBUTED_ONLY,
    INVALID_LABEL_NAME,
    DUPLICATE_LABEL_NAME,
    UNKNOWN_SOURCE,
    PROCESSOR_LANGUAGE,
    MISSING_END_STATE,
    MISSING_TRANSITION_TARGET,
    NO_DOLLAR,
    NO_PATH,
    PASS_RESULT_IS_STATIC,
)
"""The rules that AWS itself applies when a state machine is created or validated: errors, and three warnings."""

RULES: tuple[Rule, ...] = (
    *AWS_RULES,
    NOT_EVALUATED,
    UNREACHABLE_STATE,
    NO_END,
    NO_DEFAULT,
    CALLBACK_WITHOUT_TOKEN,
    CALLBACK_WITHOUT_TIMEOUT,
    JOB_WITHOUT_TIMEOUT,
    LAMBDA_WITHOUT_RETRY,
    UNKNOWN_ERROR_NAME,
    SHADOWED_RETRIER,
    SHADOWED_CATCHER,
    UNKNOWN_PARAMETER,
    MISSING_PARAMETER,
    PARAMETER_TYPE,
    EXPRESS_UNSUPPORTED,
    EXPRESS_TOO_LONG,
    DEPRECATED_ITERATOR,
    DEPRECATED_MAP_PARAMETERS,
    DEPRECATED_LAMBDA_ARN,
    HARD_CODED_ACCOUNT,
    HARD_CODED_REGION,
    SECRET_IN_PARAMETERS,
    INESCAPABLE_LOOP,
    ENDLESS_POLLING,
    HISTORY_TOO_LONG,
    PAYLOAD_TOO_LARGE,
    UNTRIMMED_RESULT,
    UNDEFINED_VARIABLE,
    OUT_OF_SCOPE_VARIABLE,
    MAYBE_UNDEFINED_VARIABLE,
    IMPOSSIBLE_PATH,
)
"""Every rule, in the order in which it is applied."""
