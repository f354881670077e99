"""Every alert rule fires on a store with its fault, and on no other: evaluated as Grafana does, on a real InfluxDB."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import msgspec
import numpy as np
import pytest
import yaml
from as_code.files import ALERTS, GRAFANA, written
from as_code.limits import Limits, Threshold

from edge.agent.counters import Counter, Counters, Gauge
from edge.contract.columns import Points, SeriesTable
from edge.contract.schema import FORECAST, FORECAST_SCORE
from edge.contract.times import DAY, SECOND
from edge.stores.influx import InfluxStore
from tests.support.grafana_alerts import alarms, holds, rules
from tests.support.grafana_queries import Json, Rows
from tests.support.grafana_seed import HOUR, MINUTE, NOW, Write, a_retraining, reports, write_all
from tests.support.servers import Influx

LIMITS = Limits(
    quantiles=(0.1, 0.5, 0.9),
    coverage_tolerance=0.15,
    coverage_scores=90,
    backlog=1_000_000,
    forecast=(Threshold(series="boiler", above=80.0, below=5.0, ahead="6h"),),
)
PROVISIONED: Json = yaml.safe_load(written(LIMITS)[ALERTS])
RULES = {rule["uid"]: (group, rule) for group, rule in rules(PROVISIONED)}
TEN_SECONDS = 10 * SECOND


def minutes(first: int, last: int) -> list[int]:
    """Times of reports from so many minutes before now to so many, ns UTC."""
    return list(range(NOW - first * MINUTE, NOW - last * MINUTE, TEN_SECONDS))


def forecasts(write: Write, median: float, *, ahead: int = 2 * HOUR, series: str = "boiler") -> None:
    """The forecast of one moment."""
    one = np.ones(1, np.int64)
    points = Points(FORECAST, np.zeros(1, np.int32), NOW + ahead * one, {"q50": np.array([median]), "lead": one})
    write(InfluxStore("http://127.0.0.1:1", "b").encode([points], SeriesTable([series])))


def scores(write: Write, *, error: float = 1.0, covered: float = 0.8, hours: int = 60) -> None:
    """Hourly scores of ten series at one lead; the error of the seasonal naive is 1.5."""
    count = 10 * hours
    series = np.repeat(np.arange(10, dtype=np.int32), hours)
    time = np.tile(NOW // HOUR * HOUR - np.arange(hours) * HOUR, 10)
    inside = (series < round(covered * 10)).astype(np.float64)
    same = np.full(count, error)
    columns = {"error": same, "absolute_error": same, "pinball": same, "covered": inside}
    points = Points(
        FORECAST_SCORE, series, time, {**columns, "baseline_absolute_error": np.full(count, 1.5)}, np.full(count, 6, np.int32)
    )
    write(InfluxStore("http://127.0.0.1:1", "b").encode([points], SeriesTable([f"s{number}" for number in range(10)])))


def backlog(counters: Counters, number: int, *, step: int) -> None:
    """A backlog that changes by so many bytes with each report."""
    counters.set(Gauge.BACKLOG_BYTES, max(0, 30_000_000 + number * step))


def drops(counters: Counters, number: int) -> None:
    """One block is dropped, five minutes before the end of an hour."""
    counters.count(Counter.DROPPED_BLOCKS, float(number == 330))


def silent(counters: Counters, number: int) -> None:
    """Two series are silent in the second half of an hour and a half."""
    counters.set(Gauge.SILENT_SERIES, 2 * (number > 270))


def agent(write: Write, first: int, last: int, trouble: Callable[[Counters, int], object] | None = None) -> None:
    """Reports of an agent in some minutes."""
    times = minutes(first, last)
    write(reports("gateway", times, trouble) if trouble else reports("gateway", times))


def runs(write: Write, failed: Sequence[int]) -> None:
    """Daily runs of the trainer, the oldest first; 1 for one that failed."""
    for number, state in enumerate(failed):
        write(a_retraining(NOW - (len(failed) - number) * DAY, failed=state))


GATEWAY = {"agent": "gateway"}
FAULTS: Mapping[str, tuple[Callable[[Write], None], dict[str, str]]] = {
    "gatecast-forecast-1-above": (partial(forecasts, median=80.5), {}),
    "gatecast-forecast-1-below": (partial(forecasts, median=4.0), {}),
    "gatecast-coverage": (partial(scores, covered=0.6), {"lead": "6"}),
    "gatecast-gain": (partial(scores, error=1.6), {}),
    "gatecast-agent-gone": (partial(agent, first=120, last=25), GATEWAY),
    "gatecast-backlog": (partial(agent, first=120, last=0, trouble=partial(backlog, step=50_000)), GATEWAY),
    "gatecast-lost": (partial(agent, first=60, last=0, trouble=drops), GATEWAY),
    "gatecast-silent": (partial(agent, first=90, last=0, trouble=silent), GATEWAY),
    "gatecast-retraining": (partial(runs, failed=(0, 1)), {"fleet": "home"}),
}
FALSE_FRIENDS: dict[str, tuple[str, Callable[[Write], None]]] = {
    "a forecast beyond the time that is looked at": (
        "gatecast-forecast-1-above",
        partial(forecasts, median=90.0, ahead=7 * HOUR),
    ),
    "a forecast of the past": ("gatecast-forecast-1-above", partial(forecasts, median=90.0, ahead=-HOUR)),
    "a forecast just below": ("gatecast-forecast-1-above", partial(forecasts, median=79.9)),
    "coverage within the tolerance": ("gatecast-coverage", partial(scores, covered=0.9)),
    "few scores": ("gatecast-coverage", partial(scores, covered=0.0, hours=8)),
    "a small gain": ("gatecast-gain", partial(scores, error=1.4)),
    "a bad hour": ("gatecast-gain", partial(scores, error=9.0, hours=3)),
    "an agent that is gone for five minutes": ("gatecast-agent-gone", partial(agent, first=120, last=5)),
    "an agent that was taken away two days ago": ("gatecast-agent-gone", partial(agent, first=3000, last=2900)),
    "a backlog that shrinks": ("gatecast-backlog", partial(agent, first=120, last=0, trouble=partial(backlog, step=-20_000))),
    "a loss an hour ago": ("gatecast-lost", partial(agent, first=110, last=0, trouble=drops)),
    "series silent for five minutes": ("gatecast-silent", partial(agent, first=50, last=0, trouble=silent)),
    "a failed run before a good one": ("gatecast-retraining", partial(runs, failed=(1, 1, 0))),
}


def asking(influx: Influx, bucket: str) -> Callable[[str], Rows]:
    """A function that asks a bucket."""
    return lambda query: influx.query(bucket, query)


def writing(influx: Influx, bucket: str) -> Write:
    """A function that stores blocks in a bucket, as the product does."""
    return InfluxStore(influx.url, bucket, influx.organisation, influx.token).write


def firing(influx: Influx, bucket: str, now: int = NOW) -> dict[str, list[dict[str, str]]]:
    """The alarms of all rules, by uid."""
    found = {uid: alarms(group, rule, asking(influx, bucket), now) for uid, (group, rule) in RULES.items()}
    return {uid: labels for uid, labels in found.items() if labels}


def test_every_rule_has_its_fault() -> None:
    """And every rule that is delivered is one of these."""
    assert FAULTS.keys() == RULES.keys()
    delivered = {rule["uid"] for _, rule in rules(yaml.safe_load((GRAFANA / ALERTS).read_text("utf-8")))}
    assert delivered < RULES.keys()
    assert {uid for uid, _ in FALSE_FRIENDS.values()} <= RULES.keys()


@pytest.mark.servers
@pytest.mark.parametrize("uid", FAULTS)
def test_rule_fires_on_its_fault_alone(uid: str, influx: Influx, bucket: str) -> None:
    """With the labels that the texts name; no other rule does."""
    fault, labels = FAULTS[uid]
    fault(writing(influx, bucket))
    assert firing(influx, bucket) == {uid: [labels]}


@pytest.mark.servers
@pytest.mark.parametrize("name", FALSE_FRIENDS)
def test_rule_keeps_quiet(name: str, influx: Influx, bucket: str) -> None:
    """On what looks like its fault and is none."""
    uid, seed = FALSE_FRIENDS[name]
    seed(writing(influx, bucket))
    group, rule = RULES[uid]
    assert alarms(group, rule, asking(influx, bucket), NOW) == []


@pytest.mark.servers
def test_no_rule_fires_where_nothing_is_stored(influx: Influx, bucket: str) -> None:
    """A new installation has no agent, no forecast and no training, and no alarm."""
    assert firing(influx, bucket) == {}


@pytest.mark.servers
def test_run_of_the_product_gives_the_alarms_of_its_trouble_only(influx: Influx, bucket: str) -> None:
    """Its first agent drops blocks and has silent series; its second one, its forecasts and its trainings are well."""
    write_all(writing(influx, bucket))
    first = [{"agent": "agent-1"}]
    assert firing(influx, bucket) == {"gatecast-lost": first, "gatecast-silent": first}


@pytest.mark.servers
def test_agent_that_starts_again_has_lost_nothing(influx: Influx, bucket: str) -> None:
    """Its totals begin at 0: what it lost before its start is no new loss."""
    write = writing(influx, bucket)
    write(
        reports(
            "gateway", minutes(120, 10), lambda counters, number: counters.count(Counter.DROPPED_BLOCKS, float(number == 9))
        )
    )
    write(reports("gateway", minutes(10, 0)))
    assert firing(influx, bucket) == {}


@pytest.mark.servers
def test_alarm_of_an_agent_comes_within_twenty_minutes(influx: Influx, bucket: str) -> None:
    """At whatever moment it dies: the condition holds from the first whole ten minutes without a report on."""
    agent(writing(influx, bucket), 200, 100)
    group, rule = RULES["gatecast-agent-gone"]
    died = NOW - 100 * MINUTE
    ask = asking(influx, bucket)
    heard = {late: alarms(group, rule, ask, died + late * MINUTE) for late in (0, 5, 20, 30)}
    assert heard == {0: [], 5: [], 20: [GATEWAY], 30: [GATEWAY]}


@pytest.mark.servers
def test_a_line_has_one_column_of_numbers(influx: Influx, bucket: str) -> None:
    """Of two, Grafana would make lines with the same labels, and refuse them; every rule is looked at with data."""
    write = writing(influx, bucket)
    write_all(write)
    scores(write)
    forecasts(write, 20.0)
    for uid, (_, rule) in RULES.items():
        assert holds(rule, asking(influx, bucket), NOW), uid


@pytest.mark.servers
def test_series_of_any_name_has_its_alarm(influx: Influx, bucket: str) -> None:
    """Grafana takes `$$` in a file for `$` and `{{ "{{" }}` in a text for two braces; the query stands as it is."""
    name = 'it\'s $ 5, "{{x}}" 🌡'
    limits = msgspec.structs.replace(LIMITS, forecast=(Threshold(series=name, above=80.0),))
    made = {rule["uid"]: rule for _, rule in rules(yaml.safe_load(written(limits)[ALERTS]))}
    rule = made["gatecast-forecast-1-above"]
    assert rule["title"] == 'Forecast of it\'s $$ 5, "{{x}}" 🌡 goes above 80'
    shown = 'it\'s $$ 5, "{{ "{{" }}x}}" 🌡'
    assert rule["labels"]["series"] == shown
    assert rule["annotations"]["summary"].startswith(f"The forecast of {shown} goes above 80")
    write = writing(influx, bucket)
    forecasts(write, 90.0)
    assert not any(holds(rule, asking(influx, bucket), NOW).values())
    forecasts(write, 90.0, series=name)
    assert all(holds(rule, asking(influx, bucket), NOW).values())


@pytest.mark.servers
@pytest.mark.parametrize("ahead", ["5h", "300min", "18000s", "18000000ms", "7d"])
def test_time_ahead_may_have_any_unit_of_a_duration(ahead: str, influx: Influx, bucket: str) -> None:
    """InfluxDB has other names for some: what it could not read was an alarm that never came."""
    limits = msgspec.structs.replace(LIMITS, forecast=(Threshold(series="boiler", above=80.0, ahead=ahead),))
    (_, rule), *_ = rules(yaml.safe_load(written(limits)[ALERTS]))
    forecasts(writing(influx, bucket), 90.0, ahead=4 * HOUR)
    assert all(holds(rule, asking(influx, bucket), NOW).values())


def test_coverage_beyond_everything_is_not_told() -> None:
    """Of intervals that are meant to be wide only too few facts inside can be wrong."""
    limits = msgspec.structs.replace(LIMITS, quantiles=(0.025, 0.5, 0.975))
    texts = {rule["uid"]: rule["annotations"]["summary"] for _, rule in rules(yaml.safe_load(written(limits)[ALERTS]))}
    assert "outside of 80% to 100% over a day" in texts["gatecast-coverage"]
