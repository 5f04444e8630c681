"""Alarms at work: each is evaluated when its data points can have changed, and not before."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloudwatch import announcements, composite
from stepfunctions.local.cloudwatch.alarm_records import COMPOSITE, Alarm, AlarmTables
from stepfunctions.local.cloudwatch.composite import CompositeRule
from stepfunctions.local.cloudwatch.evaluation import EXTRA_PERIODS, INSUFFICIENT, Verdict, judge
from stepfunctions.local.cloudwatch.functions import Series
from stepfunctions.local.cloudwatch.queries import Stat, computed
from stepfunctions.local.cloudwatch.records import DAY, HOUR, MINUTE, Datum, Metric, MetricTables
from stepfunctions.local.cloudwatch.settings import ACTIONS, Watch, watch_of
from stepfunctions.local.cloudwatch.statistics import SIMPLE, Summary

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

Key = tuple[str, str]
"""An alarm's owner and name."""

_TIMER = "cloudwatch:alarms"
_FEW_SAMPLES = 10


class Alarms:
    """Evaluates alarms. Any thread may call; one at a time evaluates."""

    def __init__(self, cloud: Cloud, tables: AlarmTables, metrics: MetricTables) -> None:
        self._cloud = cloud
        self._tables = tables
        self._metrics = metrics
        self.lock = threading.RLock()
        """Held while an alarm is read and written back."""
        self._watches: dict[Key, Watch] = {}
        self._rules: dict[Key, CompositeRule] = {}
        self._watchers: dict[Metric, set[Key]] = {}
        self._due: dict[Key, float] = {}
        self._stopped = False

    def start(self) -> None:
        """Watch what the alarms that are kept watch, and say what was not said before the stop."""
        with self.lock:
            for alarm in self._tables.all():
                self._add(alarm)
                if alarm.previous is not None:
                    self._announce(alarm)
            self._set_timer()

    def stop(self) -> None:
        """Wait for the evaluation that is under way, and begin none any more."""
        with self.lock:
            self._stopped = True

    def watch(self, alarm: Alarm) -> None:
        """Begin to evaluate an alarm that was made or changed."""
        with self.lock:
            self._remove((alarm.owner, alarm.name))
            self._add(alarm)
            self._set_timer()

    def forget(self, alarm: Alarm) -> None:
        """Evaluate an alarm no more."""
        with self.lock:
            self._remove((alarm.owner, alarm.name))

    def children(self, owner: str, name: str) -> tuple[str, ...]:
        """Return the names of the alarms in a composite alarm's rule; none for others."""
        rule = self._rules.get((owner, name))
        return rule.children if rule else ()

    def _add(self, alarm: Alarm) -> None:
        key = (alarm.owner, alarm.name)
        if alarm.kind == COMPOSITE:
            self._rules[key] = composite.read(alarm.configuration["AlarmRule"])
        else:
            self._watches[key] = watch_of(alarm.configuration, alarm.owner)
            for stat in self._watches[key].stats:
                self._watchers.setdefault(stat.metric, set()).add(key)
        self._due[key] = self._cloud.clock.now()

    def _remove(self, key: Key) -> None:
        self._rules.pop(key, None)
        self._due.pop(key, None)
        watch = self._watches.pop(key, None)
        for stat in watch.stats if watch else ():
            self._watchers[stat.metric].discard(key)

    def came(self, data: Iterable[Datum]) -> None:
        """Note that metrics have new values: who watches them is evaluated when their minute is over."""
        with self.lock:
            now, changed = self._cloud.clock.now(), False
            for datum in data:
                for key in self._watchers.get(datum.metric, ()):
                    step = _step(self._watches[key])
                    due = max(_floor(now, step), datum.time) + step
                    if due < self._due.get(key, float("inf")):
                        self._due[key] = due
                        changed = True
            if changed:
                self._set_timer()

    def _set_timer(self) -> None:
        if self._due:
            self._cloud.timers.set(_TIMER, min(self._due.values()), self.run)

    @property
    def due(self) -> float | None:
        """When the next evaluation is, None when nothing can change."""
        with self.lock:
            return min(self._due.values(), default=None)

    def run(self) -> None:
        """Evaluate what is due."""
        with self.lock:
            if self._stopped:
                return
            self._cloud.measures.flush()
            now = self._cloud.clock.now()
            for key in sorted(key for key, due in self._due.items() if due <= now):
                self._due.pop(key, None)
                alarm = self._tables.get(*key)
                if alarm is not None and key in self._watches:
                    self._evaluate(alarm, self._watches[key], now)
                elif alarm is not None:
                    self._combine(alarm)
            self._set_timer()

    # --- states -----------------------------------------------------------------------------------------

    def _evaluate(self, alarm: Alarm, watch: Watch, now: float) -> None:
        end = _floor(now, _step(watch))
        start = end - (watch.test.periods + EXTRA_PERIODS) * watch.period
        seen = _Seen(self._metrics, watch, start, end)
        try:
            series = next(iter(computed(watch.queries, seen.fetch, start, end).values()))
        except ServiceError as error:
            self.change(alarm, INSUFFICIENT, error.message, "")
            return
        if seen.due is not None:
            self._due[(alarm.owner, alarm.name)] = seen.due
        if seen.few:
            return
        points = series[0].points if len(series) == 1 else {}
        verdict = judge(watch.test, [(time, points.get(time)) for time in range(start, end, watch.period)], alarm.state)
        if verdict.state != alarm.state:
            self.change(alarm, verdict.state, verdict.reason, _reason_data(watch, verdict, seen, now))

    def _combine(self, alarm: Alarm) -> None:
        def state(name: str) -> str | None:
            child = self._tables.get(alarm.owner, name)
            return child.state if child else None

        holds = self._rules[(alarm.owner, alarm.name)].holds(state)
        wanted = "ALARM" if holds else "OK"
        if wanted != alarm.state:
            rule = alarm.configuration["AlarmRule"]
            reason = f"{alarm.arn} transitioned to {wanted}: the rule {rule} is {'true' if holds else 'false'}"
            self.change(alarm, wanted, reason[:1023], "")

    def set(self, alarm: Alarm, state: str, reason: str, data: str) -> None:
        """Give an alarm a state until its next evaluation."""
        with self.lock:
            self.change(alarm, state, reason, data)
            key = (alarm.owner, alarm.name)
            if key in self._watches:
                step = _step(self._watches[key])
                self._due[key] = _floor(self._cloud.clock.now(), step) + step
                self._set_timer()

    def change(self, alarm: Alarm, state: str, reason: str, data: str) -> None:
        """Give an alarm a state, durably, and tell of it where it is another one."""
        now = self._cloud.clock.now()
        other = state != alarm.state
        changed = replace(
            alarm,
            state=state,
            reason=reason,
            data=data,
            state_updated=now,
            changed=now if other else alarm.changed,
            previous=announcements.state_of(alarm) if other else None,
        )
        if not other:
            self._tables.save(changed)
            return
        told = {"version": "1.0", "oldState": _told(alarm), "newState": _told(changed)}
        self._tables.save(changed, ("StateUpdate", f"Alarm updated from {alarm.state} to {state}", told))
        self._announce(changed)
        for key, rule in list(self._rules.items()):
            if key[0] == alarm.owner and alarm.name in rule.children:
                parent = self._tables.get(*key)
                if parent is not None:
                    self._combine(parent)

    def _announce(self, alarm: Alarm) -> None:
        region, _, account = alarm.owner.partition(":")
        self._cloud.publish(
            "aws.cloudwatch",
            "CloudWatch Alarm State Change",
            announcements.state_change(alarm),
            [alarm.arn],
            account=account,
            region=region,
            time=alarm.changed,
        )
        if alarm.configuration.get("ActionsEnabled", True):
            for arn in alarm.configuration.get(ACTIONS[alarm.state], []):
                target, text = announcements.action(alarm, arn)
                self._cloud.deliveries.add(target, text, source=alarm.arn, id=f"{alarm.arn}/{alarm.changed}/{arn}")
                self._tables.happened(
                    alarm,
                    alarm.changed,
                    "Action",
                    f"Successfully executed action {arn}",
                    {"actionState": "Succeeded", "notificationResource": arn, "stateUpdateTimestamp": alarm.changed},
                )
        self._tables.told(alarm)


class _Seen:
    """What an evaluation reads, and when it would read something else."""

    def __init__(self, metrics: MetricTables, watch: Watch, start: int, end: int) -> None:
        self._metrics = metrics
        self._watch = watch
        self._start, self._end = start, end
        self.due: int | None = None
        self.few = False
        self.summaries: dict[int, Summary] = {}

    def fetch(self, stat: Stat) -> Series:
        """Return a statistic by period."""
        found: dict[int, Summary] = {}
        if stat.name in SIMPLE:
            for begin, summary, first in self._metrics.sums(stat.metric, self._start, stat.period, stat.unit):
                self._note(first)
                if begin < self._end:
                    found[begin] = summary
        else:
            for time, _, summary in self._metrics.points(stat.metric, self._start, float("inf"), stat.unit):
                self._note(time)
                begin = self._start + (time - self._start) // stat.period * stat.period
                if begin < self._end and begin in found:
                    found[begin].add(summary)
                elif begin < self._end:
                    found[begin] = summary
        self.summaries = found
        self.few |= self._watch.low_samples and any(one.count < _fewest(stat.name) for one in found.values())
        values = {begin: stat.compute(summary) for begin, summary in found.items()}
        return Series({begin: value for begin, value in values.items() if value is not None}, stat.period)

    def _note(self, time: int) -> None:
        """Note when a value next comes into another period: the window slides over it."""
        step, period = _step(self._watch), self._watch.period
        first = time + step
        due = first if first > self._end else first + ((self._end - first) // period + 1) * period
        last = first + (self._watch.test.periods + EXTRA_PERIODS) * period
        if due <= last and (self.due is None or due < self.due):
            self.due = due


def _fewest(percentile: str) -> float:
    """Return how many samples a percentile needs to mean something."""
    share = float(percentile[1:]) / 100 if percentile.startswith("p") else 0.5
    return _FEW_SAMPLES / min(share, 1 - share) if 0 < share < 1 else _FEW_SAMPLES


def _step(watch: Watch) -> int:
    """Return how often, in seconds, an alarm is evaluated; its windows end at a multiple of it."""
    if watch.period * watch.test.periods > DAY:
        return HOUR
    return MINUTE if watch.period >= MINUTE else 10


def _floor(now: float, step: int) -> int:
    return int(now // step) * step


def _told(alarm: Alarm) -> dict[str, Any]:
    shown: dict[str, Any] = {"stateValue": alarm.state, "stateReason": alarm.reason}
    return {**shown, "stateReasonData": json.loads(alarm.data)} if alarm.data else shown


def _reason_data(watch: Watch, verdict: Verdict, seen: _Seen, now: float) -> str:
    points = sorted(verdict.points)
    shown: dict[str, Any] = {"version": "1.0", "queryDate": announcements.stamp(now)}
    if points:
        shown["startDate"] = announcements.stamp(points[0][0])
    if len(watch.queries) == 1:
        shown["statistic"] = watch.stats[0].name
    evaluated: list[Mapping[str, Any]] = []
    for time, value in reversed(points):
        count = {"sampleCount": seen.summaries[time].count} if time in seen.summaries else {}
        evaluated.append({"timestamp": announcements.stamp(time), **count, "value": value})
    shown |= {
        "period": watch.period,
        "recentDatapoints": [value for _, value in points],
        "threshold": watch.test.threshold,
        "evaluatedDatapoints": evaluated,
    }
    text = json.dumps(shown)
    return text if len(text) <= 4000 else json.dumps({**shown, "recentDatapoints": [], "evaluatedDatapoints": []})
