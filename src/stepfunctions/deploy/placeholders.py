"""What differs between accounts and Regions in a text: found, and written as ``${Placeholder}``.

Placeholders are what CloudFormation fills in from a state machine's DefinitionSubstitutions:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachine.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from stepfunctions.catalog.images import IMAGE, Image
from stepfunctions.catalog.regions import DEFAULT_PARTITION, REGION, partition_of

PARTITION, REGION_NAME, ACCOUNT, SUFFIX = "Partition", "Region", "AccountId", "URLSuffix"
IMAGE_ACCOUNTS = "ImageAccounts"
"""The Mapping from a Region to the accounts of SageMaker's images."""

_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_AT_REGION = rf"(?P<region>{REGION})(?=[a-z]?(?![A-Za-z0-9]))"  # also that of an Availability Zone
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_FOREIGN = re.compile(rf"(?<!\d)\d{{12}}(?!\d)|{REGION}")
"""What makes a name one of another account or Region."""
_TOKEN = re.compile(r"\$\{([A-Za-z]\w*)\}")
_ADDRESS = re.compile(r"(?:arn:|s3://|https?://)\S+")
"""What is one name as a whole, so that a token in it is one of CloudFormation's and not of a shell or a template."""


@dataclass(frozen=True, kw_only=True)
class Own:
    """The account whose names stand in a definition; None where it names none."""

    account: str | None
    region: str | None
    partition: str = DEFAULT_PARTITION

    @property
    def suffix(self) -> str:
        """The domain of this partition's endpoints in China and elsewhere: AWS::URLSuffix."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"

    @classmethod
    def of(cls, account: str | None, region: str | None) -> Own:
        """Return the account of a Region, whose partition follows from the Region."""
        return cls(account=account, region=region, partition=partition_of(region or ""))


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of name that differs between accounts, and the Parameter that stands for it.

    ``default``: whether the name of one account is a sensible default elsewhere. Ids that AWS gives are none.
    """

    type: str = "String"
    ending: str
    what: str
    allowed: str | None = None
    default: bool = False
    named: bool = True

    def parameter(self, value: Any, where: str) -> dict[str, Any]:
        """Return the Parameter for a value found at ``where``."""
        found: dict[str, Any] = {"Type": self.type, "Description": f"{self.what}{where}"}
        if self.default and not _FOREIGN.search(value):
            found["Default"] = value
        if self.allowed is not None:
            found["AllowedPattern"] = self.allowed
        return found


BUCKET = Kind(ending="Bucket", what="Name of a bucket", allowed=_BUCKET, default=True)
ROLE = Kind(ending="Role", what="Name of an IAM role, with its path", allowed=r"[\w+=,.@/-]+", default=True)
IMAGE_NAME = Kind(ending="Image", what="Repository of an image in ECR, with :tag or @digest", default=True)
OTHER_ACCOUNT = Kind(ending="OtherAccount", what="Another account", allowed=r"\d{12}", named=False)
OTHER_REGION = Kind(ending="OtherRegion", what="Another Region", allowed=REGION, named=False)
OTHER_PARTITION = Kind(ending="OtherPartition", what="Another partition", allowed="aws(-[a-z]+)*", named=False)
SECRET = Kind(ending="Secret", what="Name of a secret, with its random ending", named=False)
KEY = Kind(ending="KmsKeyId", what="Id of a KMS key", named=False)
IDENTIFIER = Kind(ending="Id", what="Id that AWS gave", named=False)
TOKEN = Kind(ending="", what="Value of a placeholder of the definition")
NETWORK: Mapping[str, Kind] = {
    # how an id begins -> the Parameter
    "subnet": Kind(type="AWS::EC2::Subnet::Id", ending="Subnet", what="Subnet", named=False),
    "sg": Kind(type="AWS::EC2::SecurityGroup::Id", ending="SecurityGroup", what="Security group", named=False),
    "vpc": Kind(type="AWS::EC2::VPC::Id", ending="Vpc", what="VPC", named=False),
    "ami": Kind(type="AWS::EC2::Image::Id", ending="Ami", what="Machine image", named=False),
    "fs": Kind(ending="FileSystem", what="File system", named=False),
}
LISTS: Mapping[str, Kind] = {
    "subnet": Kind(type="List<AWS::EC2::Subnet::Id>", ending="Subnets", what="Subnets", named=False),
    "sg": Kind(type="List<AWS::EC2::SecurityGroup::Id>", ending="SecurityGroups", what="Security groups", named=False),
}
_INSIDE: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    # what stands inside texts, in the order in which it is looked for
    (ROLE, re.compile(r"(?<=:iam::\d{12}:role/)[\w+=,.@/-]+")),
    (BUCKET, re.compile(rf"(?:(?<=\bs3://)|(?<=\bs3a://)|(?<=:s3:::)){_BUCKET}(?![\w{{$.-])")),
    (BUCKET, re.compile(rf"(?<=https://){_BUCKET}(?=\.s3[.-](?:{REGION})?[.a-z]*amazonaws\.com)")),
    *(
        (kind, re.compile(rf"(?<![A-Za-z0-9-]){prefix}-(?:[0-9a-f]{{17}}|[0-9a-f]{{8}})(?![A-Za-z0-9-])"))
        for prefix, kind in NETWORK.items()
    ),
    (SECRET, re.compile(r"(?<=:secret:)[\w/+=.@-]+-[A-Za-z0-9]{6}\b(?![-/])")),
)
_LISTED_ID = re.compile(r"(?P<prefix>subnet|sg)-\w+")


@dataclass
class Placeholders:
    """Writes texts anew with placeholders, and keeps what each placeholder stands for.

    ``reserved``: placeholders that the definition has already. ``taken``: names of other members of the template.
    After use: ``substitutions`` has for each placeholder what
    CloudFormation fills in; ``parameters`` and ``mappings`` what of the template that needs; ``values`` the text, or
    list of texts, that each placeholder stands for here; ``given`` the values of Parameters without a default.
    """

    own: Own
    reserved: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()
    substitutions: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    mappings: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    _names: dict[tuple[str, Any], str] = field(default_factory=dict)

    def text(self, text: str, key: str = "", where: str = "") -> str:
        """Return a text with placeholders.

        ``key`` is the name of the member that has this text as its value; ``where``, for people, ends descriptions.
        """
        token = _TOKEN.fullmatch(text)
        if token is not None:
            return self._token(token[1], where)
        if _ADDRESS.fullmatch(text):
            for name in _TOKEN.findall(text):
                if name not in self.taken:  # the rights of the stack's own role name its other members
                    self._token(name, where)
        if _is_bucket(key) and re.fullmatch(_BUCKET, text):
            return self._named(BUCKET, text, where)
        if re.search("kms|keyid", key, re.IGNORECASE) and re.fullmatch(_UUID, text):
            return self._named(KEY, text, where)
        if re.search("account|owner", key, re.IGNORECASE) and re.fullmatch(r"\d{12}", text):
            return self._account(text, where)
        text = IMAGE.sub(lambda found: self._image(found[0], where), text)
        for kind, pattern in _INSIDE:
            text = pattern.sub(partial(self._found, kind, where), text)
        if text.startswith("arn:"):
            text = re.sub(_UUID, partial(self._found, KEY if ":kms:" in text else IDENTIFIER, where), text)
        return self._places(text, where)

    def _found(self, kind: Kind, where: str, found: re.Match[str]) -> str:
        return self._named(kind, found[0], where)

    def _places(self, text: str, where: str) -> str:
        """Write partition, domain, account and Region anew."""

        def partition(found: re.Match[str]) -> str:
            if found[1] == self.own.partition:
                return f"arn:{self._pseudo(PARTITION, found[1])}:"
            return f"arn:{self._parameter(OTHER_PARTITION, found[1], where)}:"

        def account(found: re.Match[str]) -> str:
            return self._account(found[0], where)

        def region(found: re.Match[str]) -> str:
            if found[0] == self.own.region:
                return self._pseudo(REGION_NAME, found[0])
            return self._parameter(OTHER_REGION, found[0], where)

        suffix = re.escape(self.own.suffix)
        text = re.sub(
            rf"((?:{REGION})\.|\bs3\.){suffix}(?![\w.-])",
            lambda found: found[1] + self._pseudo(SUFFIX, self.own.suffix),
            text,
        )
        text = re.sub(r"\barn:(aws(?:-[a-z]+)*):(?=[a-z0-9-]+:)", partition, text)
        text = re.sub(r"(?<=:)\d{12}(?=:)|(?<!\d)\d{12}(?=\.dkr[.-]ecr)", account, text)
        text = re.sub(rf"(?<=/)\d{{12}}(?=/)(?<=\${{{SUFFIX}}}/\d{{12}})", account, text)
        if self.own.account:
            text = re.sub(rf"(?<!\d){self.own.account}(?!\d)", account, text)
        return re.sub(rf"(?<![A-Za-z0-9]){_AT_REGION}", region, text)

    def list(self, items: list[Any], where: str = "") -> list[str] | None:
        """Return the placeholder of a list of subnets or security groups, in a list; None for any other list."""
        found = [_LISTED_ID.fullmatch(item) if isinstance(item, str) else None for item in items]
        prefixes = {one["prefix"] if one else None for one in found}
        if len(prefixes) != 1 or None in prefixes:
            return None
        return [self._parameter(LISTS[str(prefixes.pop())], tuple(items), where)]

    def whole(self, arn: str, where: str = "") -> str:
        """Return one placeholder for a whole ARN, such as a Task's resource, when anything in it differs."""
        text = self.text(arn, "", where)
        if text == arn or _TOKEN.fullmatch(text):
            return text
        key = ("whole", arn)
        if key not in self._names:
            kind, _, name = arn.split(":", 5)[-1].partition(":")
            words = f"{kind} {name}" if ":states:::" in arn else f"{name} {kind}"
            self._keep(key, self._free(camel(re.sub(r"[:.]", " ", words))), self._sub(text), arn)
        return f"${{{self._names[key]}}}"

    def used_in(self, filled: Any) -> dict[str, Any]:
        """Return the substitutions that a definition uses."""
        names = set(re.findall(r"\$\{(\w+)\}", json.dumps(filled, ensure_ascii=False)))
        return {name: value for name, value in self.substitutions.items() if name in names}

    def value(self, found: Any, key: str = "", where: str = "") -> Any:
        """Return any value as one of a template: texts with placeholders become Fn::Sub."""
        if isinstance(found, str):
            return self._sub(self.text(found, key, where))
        if isinstance(found, Mapping):
            return {name: self.value(item, name, where) for name, item in found.items()}
        if isinstance(found, (list, tuple)):
            listed = self.list(list(found), where)
            name = "" if listed is None else listed[0][2:-1]
            return {"Ref": name} if name else [self.value(item, key, where) for item in found]
        return found

    def _sub(self, text: str) -> Any:
        variables: dict[str, Any] = {}

        def written(found: re.Match[str]) -> str:
            name = found[1]
            if name not in self.substitutions:
                return found[0] if name.startswith("AWS::") or name in self.taken else f"${{!{name}}}"
            reference = self.substitutions[name]
            if set(reference) == {"Ref"}:
                return f"${{{reference['Ref']}}}"
            variables[name] = reference
            return found[0]

        alone = re.fullmatch(r"\$\{([\w:]+)\}", text)
        if alone is not None and alone[1] in self.substitutions:
            return self.substitutions[alone[1]]
        if alone is not None and alone[1].startswith("AWS::"):
            return {"Ref": alone[1]}
        if "${" not in text:
            return text
        text = re.sub(r"\$\{([^!}]*)\}", written, text)
        return {"Fn::Sub": [text, variables] if variables else text}

    def _token(self, name: str, where: str) -> str:
        """A placeholder that the definition itself has: people say its value."""
        if name not in self.substitutions:
            parameter = self._free(re.sub(r"\W|_", "", name), frozenset())
            self.substitutions[name] = {"Ref": parameter}
            self.parameters[parameter] = TOKEN.parameter(None, where)
            self.values[name] = f"${{{name}}}"
        return f"${{{name}}}"

    def _named(self, kind: Kind, name: str, where: str) -> str:
        """A name or an id. A name that people made of account and Region needs no Parameter."""
        placed = self._places(name, where) if kind.default else name
        return placed if placed != name else self._parameter(kind, name, where)

    def _account(self, account: str, where: str) -> str:
        if account == self.own.account:
            return self._pseudo(ACCOUNT, account)
        return self._parameter(OTHER_ACCOUNT, account, where)

    def _pseudo(self, name: str, value: str) -> str:
        key = ("AWS::", name)
        if key not in self._names:
            self._keep(key, self._free(name), {"Ref": f"AWS::{name}"}, value)
        return f"${{{self._names[key]}}}"

    def _parameter(self, kind: Kind, value: Any, where: str) -> str:
        key = (kind.ending, value)
        if key not in self._names:
            wanted = camel(value) + kind.ending if kind.named else kind.ending
            name = self._free(re.sub(rf"({kind.ending})\1$", r"\1", wanted))
            listed = isinstance(value, tuple)
            reference: Any = {"Fn::Join": ['","', {"Ref": name}]} if listed else {"Ref": name}
            self._keep(key, name, reference, list(value) if listed else value)
            self.parameters[name] = kind.parameter(value, where)
            if "Default" not in self.parameters[name]:
                self.given[name] = ",".join(value) if listed else value
        return f"${{{self._names[key]}}}"

    def _image(self, uri: str, where: str) -> str:
        image = Image.parse(uri)
        accounts = None if image is None else image.registry
        if image is None or accounts is None or image.suffix != self.own.suffix:
            return _with_name(uri, lambda name: self._named(IMAGE_NAME, name, where))
        key = ("image", uri)
        if key not in self._names:
            column = camel(image.repository)
            for region, account in accounts.items():
                self.mappings.setdefault(IMAGE_ACCOUNTS, {}).setdefault(region, {})[column] = account
            registry = {"Fn::FindInMap": [IMAGE_ACCOUNTS, {"Ref": "AWS::Region"}, column]}
            address = f"${{Registry}}.dkr.ecr.${{AWS::Region}}.${{AWS::URLSuffix}}/{image.repository}{image.version}"
            self._keep(key, self._free(f"{column}Image"), {"Fn::Sub": [address, {"Registry": registry}]}, uri)
        return f"${{{self._names[key]}}}"

    def _keep(self, key: tuple[str, Any], name: str, substitution: Any, value: Any) -> None:
        self._names[key] = name
        self.substitutions[name] = substitution
        self.values[name] = value

    def _free(self, wanted: str, reserved: frozenset[str] | None = None) -> str:
        """Return a name that nothing has yet."""
        known = {*self.substitutions, *self.parameters, *self.taken, *(self.reserved if reserved is None else reserved)}
        number, name = 1, wanted
        while name in known:
            number += 1
            name = f"{wanted}{number}"
        return name


def _with_name(uri: str, name_of: Any) -> str:
    host, _, name = uri.partition("/")
    return f"{host}/{name_of(name)}"


def _is_bucket(key: str) -> bool:
    words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", key)
    return (bool(words) and words[-1].lower() == "bucket") or words[-2:] == ["Bucket", "Name"]


def camel(text: str) -> str:
    """Return a name of letters and digits, as the parts of a template have them.

    >>> camel("flight-delays/convert:latest")
    'FlightDelaysConvert'
    """
    words = re.findall(r"[A-Za-z0-9]+", re.sub(r"[:@].*", "", text))
    return "".join(word[0].upper() + word[1:] for word in words)[:200] or "Unnamed"
