"""A resource type as a table: which operations of a service make, change, show and delete it.

Most types of CloudFormation are requests of an API with the same names, so that a :class:`Resource` says little more
than the operations. Texts in braces are filled with what is known of a resource: its properties, ``{id}``, the last
part of the id as ``{tail}``, ``{account}``, ``{region}``, and the members of the service's answers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloudformation.convert import converted, members, mirrored, tags_of, wrong
from stepfunctions.local.cloudformation.handlers import Context, Handler, Made, Properties, is_missing
from stepfunctions.local.cloudformation.resource_parts import Ready, Setting, TagCalls, fields
from stepfunctions.local.wire.models import operation_model

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape, StructureShape

_ALREADY = ("alreadyexist", "alreadyowned", "resourceinuse", "conflict", "nameexists")


@dataclass(frozen=True, kw_only=True, eq=False)
class Resource(Handler):
    """A resource type whose work is calls of one service, each described below.

    ``fields``: see :func:`fields`. ``name``: the property that is generated when a template leaves it out, and its
    longest length. ``key``: the members that name the resource in requests. ``inside``: where an answer of
    ``describe_call`` holds it, the one of a list whose member ``matched`` has that value; ``describing`` are other
    members of that request. ``assumed`` are values of properties that texts in braces may need. ``upserts``: creation
    would overwrite what is there, so it looks first. ``defaults``: what an update sets for properties that were taken
    away. ``prepared`` changes properties first. ``updating`` and
    ``deleting`` are more members of those requests; ``only_updates`` are properties that creation does not take;
    ``unread`` are those that no answer has, or whose like there means something else: they count as unchanged.
    """

    type: str
    service: str
    fields: str
    create_call: str
    delete_call: str
    describe_call: str = ""
    update_call: str = ""
    ref: str | Callable[[Properties], str]
    key: Mapping[str, str]
    attributes: Mapping[str, str] = field(default_factory=dict)
    name: tuple[str, int] | None = None
    lower: bool = False
    renames: Mapping[str, str] = field(default_factory=dict)
    assumed: Mapping[str, Any] = field(default_factory=dict)
    describing: Mapping[str, Any] = field(default_factory=dict)
    inside: str = ""
    matched: tuple[str, str] | None = None
    upserts: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)
    settings: tuple[Setting, ...] = ()
    updating: Mapping[str, Any] = field(default_factory=dict)
    deleting: Mapping[str, Any] = field(default_factory=dict)
    only_updates: frozenset[str] = frozenset()
    unread: frozenset[str] = frozenset()
    tags: TagCalls | None = None
    ready: Ready | None = None
    prepared: Callable[[Context, Properties], Properties] | None = None
    before_delete: Callable[[Context, Properties], None] | None = None

    def __post_init__(self) -> None:
        for name, value in zip(("properties", "required", "create_only"), fields(self.fields), strict=True):
            object.__setattr__(self, name, value)

    @property
    def _tag_names(self) -> frozenset[str]:
        """The property that has the tags, where it is a member of requests and no setting of its own."""
        set_apart = any(setting.name == "Tags" for setting in self.settings)
        return frozenset() if set_apart else frozenset({"Tags"}) & self.properties

    # --- what CloudFormation asks -----------------------------------------------------------------------

    def create(self, context: Context, properties: Properties) -> Made:
        """See Handler."""
        given = self._prepared(context, properties)
        if self.name is not None and self.name[0] not in given:
            given[self.name[0]] = context.generated_name(self.name[1], lower=self.lower)
        if self.upserts and not context.again and self._live(context, self._facts(context, given, {})) is not None:
            raise ServiceError("AlreadyExists", f"{given.get(self.name[0] if self.name else '')} already exists")
        try:
            answer = self._call(context, self.create_call, self._request(context, given))
        except ServiceError as error:
            if not (context.again and _is(error, _ALREADY)):
                raise
            answer = {}  # this very step, cut short, had made it
        facts = self._facts(context, given, answer)
        facts["id"] = self.ref(facts) if callable(self.ref) else self.ref.format_map(facts)
        for setting in self.settings:
            value = self._with_own(context, setting, given).get(setting.name)
            if value is not None and not setting.created:
                self._set(context, setting, facts, value)
        return self._made(context, facts)

    def update(self, context: Context, id: str, old: Properties, new: Properties) -> Made:
        """See Handler."""
        old, new = self._prepared(context, old), self._prepared(context, new)
        new_facts = self._facts(context, self._named(id, new), {}) | {"id": id, "tail": _tail(id)}
        changed = {name for name in {*old, *new} if old.get(name) != new.get(name)} - self._tag_names
        settings = [setting for setting in self.settings if setting.name in changed]
        direct = changed - {setting.name for setting in settings}
        if direct:
            self._change(context, new_facts, new, direct)
        for setting in settings:
            self._set(
                context,
                setting,
                new_facts | {"was": old.get(setting.name)},
                self._with_own(context, setting, new).get(setting.name),
            )
        made = self._made(context, new_facts)
        new_facts = new_facts | (self._live(context, new_facts) or {})
        self._retag(context, new_facts, tags_of(old.get("Tags", [])), tags_of(new.get("Tags", [])))
        return made

    def delete(self, context: Context, id: str, properties: Properties) -> None:
        """See Handler."""
        facts = self._facts(context, self._named(id, properties), {}) | {"id": id, "tail": _tail(id)}
        try:
            if self.before_delete is not None:
                self.before_delete(context, facts)
            self._call(context, self.delete_call, dict(self.deleting) | self._key(self.delete_call, facts))
        except ServiceError as error:
            if not is_missing(error):
                raise

    def read(self, context: Context, id: str, properties: Properties) -> Properties | None:
        """See Handler."""
        properties = self._prepared(context, properties)
        facts = self._facts(context, self._named(id, properties), {}) | {"id": id, "tail": _tail(id)}
        live = self._live(context, facts)
        if live is None:
            return None
        names = {name.casefold(): value for name, value in live.items()}
        found = {}
        for name, value in properties.items():
            member = self.renames.get(name, name).casefold()
            if name in self.unread:
                found[name] = value
            elif member in names:
                found[name] = mirrored(value, names[member])
        for setting in self.settings:
            if setting.live is not None and setting.name in properties:
                found[setting.name] = mirrored(properties[setting.name], setting.live(context, facts))
            elif setting.get and setting.name in properties:
                shown = self._call(context, setting.get, self._key(setting.get, facts), missing={})
                value = setting.shown(shown) if setting.shown else shown.get(setting.name)
                found[setting.name] = mirrored(properties[setting.name], value)
        if "Tags" in found:
            found["Tags"] = _tags_as_given(properties["Tags"], found["Tags"], context.tags)
        return found

    # --- requests ---------------------------------------------------------------------------------------

    def _prepared(self, context: Context, properties: Properties) -> Properties:
        return dict(properties) if self.prepared is None else self.prepared(context, dict(properties))

    def _named(self, id: str, properties: Properties) -> Properties:
        """Return the properties with the generated name, which is the last part of the id."""
        if self.name is None or self.name[0] in properties:
            return properties
        return properties | {self.name[0]: _tail(id)}

    def _request(self, context: Context, given: Properties) -> Properties:
        model = _model(self.service, self.create_call)
        own = {setting.name for setting in self.settings if not setting.created} | self.only_updates
        if self._tag_names:
            tags = _own(context.tags) | tags_of(given.get("Tags", []))
            given = given | ({"Tags": tags} if tags else {})
        values = {name: value for name, value in given.items() if name not in own}
        request = _converted(values, model, self.renames, self.properties)
        for member in model.idempotent_members:
            request.setdefault(member, hashlib.sha256(context.unique.encode()).hexdigest())
        return request

    def _change(self, context: Context, facts: Properties, new: Properties, direct: set[str]) -> None:
        if not self.update_call:
            raise wrong(f"Update to resource type {self.type} is not supported: {', '.join(sorted(direct))}")
        model = _model(self.service, self.update_call)
        known = members(model.input_shape)
        fixed = [name for name in sorted(direct) if self.renames.get(name, name).casefold() not in known]
        if fixed:
            raise wrong(f"{self.update_call} of {self.service} cannot change {', '.join(fixed)} of {self.type}")
        left_out = {name: value for name, value in self.defaults.items() if name in direct and name not in new}
        settable = {name: one for name, one in new.items() if self.renames.get(name, name).casefold() in known}
        settable.pop("Tags", None)
        request = _converted(settable | left_out, model, self.renames, self.properties)
        self._call(context, self.update_call, dict(self.updating) | request | self._key(self.update_call, facts))

    def _set(self, context: Context, setting: Setting, facts: Properties, value: Any) -> None:
        if setting.apply is not None:
            setting.apply(context, facts, value)
            return
        if value is None and setting.remove:
            self._call(context, setting.remove, self._key(setting.remove, facts), missing={})
            return
        value = setting.default if value is None else value
        model = _model(self.service, setting.put)
        made = {setting.name: value} if setting.members is None else setting.members(value)
        request = _converted(made, model, {}, frozenset())
        self._call(context, setting.put, self._key(setting.put, facts) | request)

    def _retag(self, context: Context, facts: Properties, old: Mapping[str, str], new: Mapping[str, str]) -> None:
        if self.tags is None:
            if old != new and self._tag_names:
                raise wrong(f"The local cloud cannot change Tags of {self.type}")
            return
        wanted = _own(context.tags) | dict(new)
        named = {**self.tags.more, self.tags.arn: self.tags.of.format_map(facts)}
        removed = [key for key in old if key not in wanted]
        if removed:
            self._tag_call(context, self.tags.untag, named, removed)
        if wanted != old:
            self._tag_call(context, self.tags.tag, named, wanted)

    def _tag_call(self, context: Context, operation: str, named: Properties, value: Any) -> None:
        shape = _model(self.service, operation).input_shape
        member = next(name for name in shape.members if name not in named)
        self._call(context, operation, named | {member: converted(value, shape.members[member], "Tags")})

    def _with_own(self, context: Context, setting: Setting, given: Properties) -> Properties:
        """Return the properties; with the stack's tags, where tags are a setting."""
        if setting.name != "Tags" or not _own(context.tags):
            return given
        tags = _own(context.tags) | tags_of(given.get("Tags", []))
        return given | {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _key(self, operation: str, facts: Properties) -> Properties:
        known = _model(self.service, operation).input_shape.members
        named = {name: text.format_map(facts) for name, text in self.key.items() if name in known}
        return {name: [text] if known[name].type_name == "list" else text for name, text in named.items()}

    # --- answers ----------------------------------------------------------------------------------------

    def _made(self, context: Context, facts: Properties) -> Made:
        facts = facts | {"tail": _tail(facts["id"])}
        live = self._live(context, facts)
        if self.ready is not None:
            live = self._wait(context, facts)
        facts = facts | (live or {})
        shown = {name: text.format_map(facts) for name, text in self.attributes.items() if _has(text, facts)}
        return Made(id=facts["id"], attributes=shown)

    def _wait(self, context: Context, facts: Properties) -> Properties:
        assert self.ready is not None
        ready = self.ready
        seen: dict[str, Any] = {}

        def settled() -> bool:
            seen.clear()
            seen.update(self._live(context, facts) or {})
            return seen.get(ready.member) not in ready.working

        context.wait(settled)
        if seen.get(ready.member) not in ready.done:
            reason = seen.get("FailureReason") or seen.get("statusReason") or "no reason was given"
            raise ServiceError("NotStabilized", f"{facts['id']} is {seen.get(ready.member)}: {reason}")
        return seen

    def _live(self, context: Context, facts: Properties) -> Properties | None:
        """Return what the service shows of the resource, None when it has none."""
        if not self.describe_call:
            return {}
        answer = self._call(context, self.describe_call, self._describing(facts), missing=None)
        found: Any = answer
        for name in filter(None, self.inside.split(".")):
            found = None if found is None else found.get(name)
            if isinstance(found, list):
                found = next((one for one in found if self._matches(one, facts)), None)
        return found if isinstance(found, dict) else None

    def _matches(self, one: Properties, facts: Properties) -> bool:
        return self.matched is None or one.get(self.matched[0]) == self.matched[1].format_map(facts)

    def _describing(self, facts: Properties) -> Properties:
        return dict(self.describing) | self._key(self.describe_call, facts)

    def _facts(self, context: Context, given: Properties, answer: Properties) -> Properties:
        """Return what texts in braces may name; the members of an answer's structures count as its own."""
        for one in list(answer.values()):
            answer = answer | (one if isinstance(one, dict) else {})
        known = {"account": context.account, "region": context.region, "partition": "aws"}
        return {**known, **self.assumed, **given, **answer}

    def _call(self, context: Context, operation: str, request: Properties, *, missing: Any = ServiceError) -> Any:
        """Call the service; ``missing`` is the answer for what it does not have, where that is no error."""
        try:
            return context.call(self.service, operation, **request)
        except ServiceError as error:
            if missing is ServiceError or not is_missing(error):
                raise
            return missing


def member_shape(service: str, operation: str, member: str) -> Shape:
    """Return the shape of a member of an operation's request."""
    return _model(service, operation).input_shape.members[member]


def _model(service: str, operation: str) -> OperationModel:
    model = operation_model(service, operation)
    assert model is not None, f"{service} has no operation {operation}"
    return model


def _converted(
    values: Properties, model: OperationModel, renames: Mapping[str, str], properties: Iterable[str]
) -> Properties:
    """Return the members of a request; a property that is no member is refused."""
    shape: StructureShape = model.input_shape
    known, request = members(shape), {}
    for name, value in values.items():
        member = known.get(renames.get(name, name).casefold())
        if member is None:
            if name in properties and name == "Tags":
                continue
            raise wrong(f"Encountered unsupported property {name}")
        request[member] = converted(value, shape.members[member], name)
    return request


def _tags_as_given(given: Any, live: Any, stack: Mapping[str, str]) -> Any:
    """Return live tags without those of the stack, in the order and form of the template's."""
    expected = tags_of(given)
    tags = {key: one for key, one in tags_of(live).items() if key in expected or stack.get(key) != one}
    ordered = {key: tags[key] for key in (*expected, *tags) if key in tags}
    return ordered if isinstance(given, dict) else [{"Key": key, "Value": one} for key, one in ordered.items()]


def _tail(id: str) -> str:
    return id.replace("/", ":").replace("|", ":").rsplit(":", 1)[-1]


def _has(text: str, facts: Properties) -> bool:
    try:
        text.format_map(facts)
    except KeyError:
        return False
    return True


def _is(error: ServiceError, words: Iterable[str]) -> bool:
    code = error.code.casefold()
    return any(word in code for word in words) or "already exist" in error.message.casefold()


def _own(tags: Mapping[str, str]) -> dict[str, str]:
    """Return a stack's tags without those that only AWS may set."""
    return {key: value for key, value in tags.items() if not key.startswith("aws:")}
