"""The services of one data directory, and the one way to call them: ``cloud.call(service, operation, params)``."""

from __future__ import annotations

import importlib
import logging
import os
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local import clocks
from stepfunctions.local.clocks import JumpClock, Work
from stepfunctions.local.database import Database
from stepfunctions.local.environment import client_env
from stepfunctions.local.measures import Measures
from stepfunctions.local.outages import refusing
from stepfunctions.local.principal import IamMode, acting, acting_as
from stepfunctions.local.resources import Resources
from stepfunctions.local.services import (
    OF_JOBS,
    SERVICES,
    Call,
    check_known,
    factory,
    operation_of,
    real_services,
    start,
    unknown_operation,
)
from stepfunctions.local.wire.models import method_name, operation_model, protocols
from stepfunctions.runtime.durability import Durability
from stepfunctions.runtime.store.connections import opening

if TYPE_CHECKING:
    from stepfunctions.engine.ports import Clock
    from stepfunctions.local.deliveries import Deliveries
    from stepfunctions.local.elsewhere import Elsewhere
    from stepfunctions.local.moto_child import MotoChild
    from stepfunctions.local.timers import Timers

_log = logging.getLogger(__name__)


class Cloud:
    """Every service of one data directory. Make one, ``start()`` it, call it from any thread, ``stop()`` it.

    ``endpoint`` is the URL that processes started by the cloud reach it by, None without a server.
    ``max_jobs`` is how many jobs run at once (default: the number of CPUs). ``clock`` is ``"real"``, ``"jump"``
    (:class:`~stepfunctions.local.clocks.JumpClock`) or a test's own; ``start``: when that of a new data directory
    begins, in ISO 8601, if it jumps. ``services`` are made by these factories instead of the local cloud's own.
    ``limits=False`` lifts the limits of Step Functions: sizes of payloads, variables and definitions, the number of
    events, the length of names.
    ``durability``: what is safe once a call was answered. ``retention_days``: how many days after its end an execution
    is forgotten.
    ``iam``: whether calls made under a role are checked against its policies.
    ``real`` are services, by boto3's or the SDK's names, whose calls go to AWS itself, with the user's own
    configuration; LocalCloudError when there is none of that name. Calls to services that are not in SERVICES go to
    moto, in a process of its own that starts on first use and keeps nothing when it stops.
    """

    def __init__(
        self,
        data_dir: Path | str,
        *,
        account: str = "123456789012",
        region: str = "us-east-1",
        clock: Clock | str = "real",
        start: str | None = None,
        endpoint: str | None = None,
        max_jobs: int | None = None,
        services: Mapping[str, Callable[[Cloud], Any]] | None = None,
        real: Iterable[str] = (),
        limits: bool = True,
        durability: Durability = Durability.NORMAL,
        retention_days: float = 90.0,
        iam: IamMode = IamMode.OFF,
        resources: Resources = Resources(),  # noqa: B008 - it never changes
    ) -> None:
        self.iam, self.resources = iam, resources
        self.durability = durability
        self.retention_days = retention_days
        self._factories = services or {}
        self.real = real_services(real)
        self._moto: MotoChild | None = None
        self._aws: Elsewhere | None = None
        self._by_moto: Elsewhere | None = None
        self.data_dir = Path(data_dir).absolute()
        self.account = account
        self.region = region
        self.endpoint = endpoint
        self.limits = limits
        self.max_jobs = max_jobs if max_jobs is not None else os.cpu_count() or 1
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._clock = clocks.made(clock, self.data_dir, start)
        self.work: Work = self._clock if isinstance(self._clock, JumpClock) else Work()
        self._lock = threading.RLock()
        self._services: dict[str, Any] = {}
        self._databases: list[Database] = []
        self._jobs: Any = None
        self._deliveries: Deliveries | None = None
        self._timers: Timers | None = None
        self.measures = Measures(self)
        self._started = False
        self._stopping = False

    @property
    def stopping(self) -> bool:
        """Whether :meth:`stop` was called: services refuse from then on, until the next start."""
        return self._stopping

    @property
    def clock(self) -> Clock:
        """The clock of every service."""
        return self._clock

    @property
    def jobs(self) -> Any:
        """The one :class:`stepfunctions.local.jobs.Jobs` of this cloud, made on first use."""
        with self._lock:
            if self._jobs is None:
                self._refuse_when_stopping()
                self._jobs = importlib.import_module("stepfunctions.local.jobs").create(self)
                if self._started:
                    self._jobs.start()
            return self._jobs

    @property
    def timers(self) -> Timers:
        """What the services have to do later, on the cloud's clock. It begins to wait once the cloud has started."""
        with self._lock:
            if self._timers is None:
                from stepfunctions.local.timers import Timers

                self._timers = Timers(self.clock, self.work)
                if self._started:
                    self._timers.start()
            return self._timers

    @property
    def deliveries(self) -> Deliveries:
        """What is under way to targets, made on first use: ``cloud.deliveries.add(Target(arn), text)``."""
        with self._lock:
            if self._deliveries is None:
                self._refuse_when_stopping()
                from stepfunctions.local import deliveries

                self._deliveries = deliveries.create(self)
                if self._started:
                    self._deliveries.start()
            return self._deliveries

    def measure(
        self,
        namespace: str,
        metric: str,
        value: float,
        unit: str,
        dimensions: Mapping[str, str],
        *,
        account: str | None = None,
        region: str | None = None,
    ) -> None:
        """Put one value of a service's own metric, cheaply: it reaches CloudWatch within a minute, and at the stop."""
        owner = f"{region or self.region}:{account or self.account}"
        self.measures.add(owner, namespace, metric, value, unit, dimensions)

    def has(self, service: str) -> bool:
        """Whether a service was ever used with this data directory: others need not be told anything."""
        return service in self._services

    def publish(
        self,
        source: str,
        detail_type: str,
        detail: dict[str, Any],
        resources: Sequence[str] = (),
        *,
        account: str | None = None,
        region: str | None = None,
        time: float | None = None,
    ) -> None:
        """Put an event of AWS's own (source ``aws.…``) on the default bus; it is durable when this returns.

        Nothing happens where EventBridge was never used: ask ``has("events")`` before you make costly details.
        ``time``: seconds of the epoch, now unless given. It never fails: what goes wrong is logged.
        """
        events = self._services.get("events")
        if events is None:
            return
        try:
            events.publish(
                source, detail_type, detail, resources,
                account=account or self.account, region=region or self.region,
                time=self.clock.now() if time is None else time,
            )  # fmt: skip
        except Exception:  # noqa: BLE001 - who has an event to tell has done its work already
            _log.exception("the event '%s' of %s was lost", detail_type, source)

    def database(self, name: str, migrations: Sequence[str]) -> Database:
        """Open ``<data_dir>/<name>.db``; it is closed when the cloud stops, after its services."""
        database = Database(self.data_dir / f"{name}.db", migrations, self.durability)
        with self._lock:
            self._databases.append(database)
        return database

    def service(self, name: str) -> Any:
        """Return a service by its boto3 name, made and started on first use.

        Raises :class:`ServiceError` (``UnknownService``) that names the services there are.
        """
        service = self._services.get(name)
        if service is not None:
            return service
        place = SERVICES.get(name)
        if place is None:
            raise ServiceError(
                "UnknownService", f"The local cloud has no service '{name}'. It has: {', '.join(SERVICES)}.", 501
            )
        with self._lock:
            if name not in self._services:
                self._refuse_when_stopping()
                service = (self._factories.get(name) or factory(place))(self)
                self._services[name] = service
                if self._started:
                    start(service)
            return self._services[name]

    @property
    def moto(self) -> MotoChild:
        """The process that stands for the services that are not here."""
        with self._lock:
            if self._moto is None:
                self._refuse_when_stopping()
                from stepfunctions.local.moto_child import MotoChild

                self._moto = MotoChild()
            return self._moto

    def elsewhere(self, service: str) -> Elsewhere | None:
        """Return where calls to a service go when they do not stay here: AWS, or moto; else None."""
        if service not in self.real and service in SERVICES:
            return None
        from stepfunctions.local import elsewhere

        if service in self.real:
            with self._lock:
                if self._aws is None:
                    self._aws = elsewhere.aws(self.endpoint, self.region)
                return self._aws
        check_known(service)
        endpoint = self.moto.endpoint(service)
        with self._lock:
            if self._by_moto is None or self._by_moto.endpoint != endpoint:
                self._by_moto = elsewhere.at(endpoint, self.account, self.region)
            return self._by_moto

    def call(
        self,
        service: str,
        operation: str,
        params: dict[str, Any],
        *,
        token: str | None = None,
        request_id: str | None = None,
        account: str | None = None,
        region: str | None = None,
        gone: Callable[[], bool] = lambda: False,
    ) -> dict[str, Any]:
        """Call an operation by AWS's names (``"glue"``, ``"StartJobRun"``) and return its response.

        The request is checked against botocore's model first. Every refusal is a :class:`ServiceError`; an
        operation that is not supported says which are. ``token``: see :class:`Call`. ``account`` and ``region``:
        the caller's, where they are not the cloud's. ``gone``: whether the client has hung up.
        """
        role = acting()
        if role is not None:
            with acting_as(None):  # what the services do for it among themselves is theirs
                self.service("iam").guard.check(role, service, operation, params, region or self.region)
                return self.call(
                    service, operation, params,
                    token=token, request_id=request_id, account=account, region=region, gone=gone,
                )  # fmt: skip
        elsewhere = self.elsewhere(service)
        if elsewhere is not None:
            return elsewhere.call(service, operation, params)
        target = self.service(service)
        model = operation_model(service, operation)
        method = None if model is None else operation_of(target, method_name(operation))
        if model is None or method is None:
            raise unknown_operation(service, operation, target, known=model is not None)
        from stepfunctions.local.wire.check import check_request

        code = "ValidationError" if "query" in protocols(service) else "ValidationException"
        longest = self.limits or service != "stepfunctions"
        request = check_request(params, model.input_shape, longest=longest, code=code)
        call = Call(
            operation=operation,
            request_id=request_id or str(uuid.uuid4()),
            token=token,
            account=account or self.account,
            region=region or self.region,
            gone=gone,
        )
        with refusing():
            response: dict[str, Any] | None = method(request, call)
        return {} if response is None else response

    def start(self) -> None:
        """Begin to work: services that left state here first, then jobs, Step Functions last.

        Recovery needs this order: jobs report to the services that own them, and a resumed execution calls
        both. Raises LocalCloudError when a database cannot be opened or is damaged.
        """
        with self._lock:
            if self._started:
                return
            self._stopping = False
            left = [name for name in SERVICES if (self.data_dir / f"{name}.db").exists()]
            for name in left:
                if name != "stepfunctions":
                    with opening(self.data_dir / f"{name}.db"):
                        self.service(name)
            if (self.data_dir / "jobs.db").exists():
                self.jobs  # noqa: B018 - makes it, so that it recovers below
            self._started = True
            if self._jobs is not None:
                with opening(self.data_dir / "jobs.db"):
                    self._jobs.start()
            for name, service in list(self._services.items()):
                with opening(self.data_dir / f"{name}.db"):
                    start(service)
            if "stepfunctions" in left:
                with opening(self.data_dir / "stepfunctions.db"):
                    self.service("stepfunctions")
            if (self.data_dir / "deliveries.db").exists():
                with opening(self.data_dir / "deliveries.db"):
                    self.deliveries  # noqa: B018 - makes it, and it goes on
            if self._timers is not None:
                self._timers.start()

    def stop(self) -> None:
        """Stop every service (Step Functions first), then the jobs and what they use, then the databases."""
        if self._started:
            self.measures.flush()
        with self._lock:
            self._started = False
            self._stopping = True
            services = sorted(self._services.items(), key=lambda item: (item[0] in OF_JOBS, item[0] != "stepfunctions"))
            self._services = {name: service for name, service in services if name in OF_JOBS}
            timers, self._timers = self._timers, None
            deliveries, self._deliveries = self._deliveries, None
        if timers is not None:
            timers.stop()
        if deliveries is not None:
            deliveries.stop()
        for name, service in services:
            if name in OF_JOBS:
                self._close_jobs()
            if hasattr(service, "stop"):
                service.stop()
        self._close_jobs()
        self._services = {}
        if self._moto is not None:
            self._moto.stop()
            self._moto = self._by_moto = None
        for database in self._databases:
            database.close()
        self._databases.clear()

    def _close_jobs(self) -> None:
        if self._jobs is not None:
            self._jobs.close()
            self._jobs = None

    def client_env(self, role: str | None = None) -> dict[str, str]:
        """Return the environment that makes boto3, the AWS CLI and the SageMaker SDK call this cloud.

        ``role``: the ARN of the role that what runs with it has, where roles are looked at.
        """
        env = client_env(self.endpoint, self.region)
        if role and self.iam is not IamMode.OFF:
            env["AWS_ACCESS_KEY_ID"] = self.service("iam").key_of(role)
        return env

    def _refuse_when_stopping(self) -> None:
        if self._stopping:
            raise ServiceError("ServiceUnavailable", "The local cloud is stopping", 503)

    def __enter__(self) -> Cloud:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
