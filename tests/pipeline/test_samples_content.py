"""What the numbers of a shape are (kind K7: counters and report on change; kind K4: a time among the numbers)."""

import json

from edge.contract.times import SECOND
from pipeline.samples.content import count_numbers, counts, live_times, numbers_of, reports_on_change
from pipeline.samples.heard import HeardTopic, Sample
from pipeline.samples.plans import Plan, Seen, examine

NOW = 1_789_999_200 * SECOND


def seen(*documents: object, gaps: tuple[float, ...] = ()) -> Seen:
    """A topic with these payloads, one a second, or with these pauses between them."""
    heard, moment = HeardTopic("t", live=len(documents)), NOW
    for number, document in enumerate(documents):
        heard.beginning.append(Sample(json.dumps(document).encode(), moment, retained=False))
        moment += round((gaps[number] if number < len(gaps) else 1) * SECOND)
    return examine(heard, 24)


def test_numbers_are_told_apart() -> None:
    """Measurements, meters, times and marks."""
    plan = Plan("json", time=("ts",))
    rows = [
        {"ts": 1, "id": 0, "lat": 52.5, "power": 5.0, "energy": {"total": 1.0 + n, "minute_ts": NOW // SECOND}}
        for n in range(3)
    ]
    numbers = numbers_of(plan, [seen(*rows)])
    assert numbers.measured == (("power",), ("energy", "total"))
    assert numbers.meters == (("energy", "total"),)
    assert numbers.times == (("energy", "minute_ts"),)
    assert numbers.marks == (("id",), ("lat",))
    assert numbers.left_out == (("energy", "minute_ts"), ("id",), ("lat",))


def test_a_clock_that_is_wrong_measures_nothing() -> None:
    """By its name, and as it goes on; a time that is left falls, and `t` is a temperature as often."""
    rows = [{"time": 5 + n, "t": 20 + n, "remaining": {"time": 90 - n}} for n in range(3)]
    numbers = numbers_of(Plan("json"), [seen(*rows)])
    assert numbers.times == numbers.wrong == (("time",),)
    assert numbers.measured == (("t",), ("remaining", "time"))
    mixed = numbers_of(Plan("json"), [seen({"ts": NOW // SECOND}, {"ts": 9}, {"ts": NOW // SECOND + 2})])
    assert (mixed.times, mixed.wrong) == ((("ts",),), ())


def test_texts_that_are_numbers_have_the_decimal_sign_of_most_of_them() -> None:
    """One device with another sign takes nothing from the others."""
    points, commas = [{"v": "20.5"}, {"v": "21.5"}], [{"v": "20,5 °C"}]
    numbers = numbers_of(Plan("json"), [seen(*points), seen(*commas)])
    assert (numbers.texts, numbers.decimal, numbers.suffix) == ((("v",),), "", True)
    assert numbers_of(Plan("json"), [seen(*commas)]).decimal == ","


def test_a_meter_of_one_topic_that_falls_on_another_is_none() -> None:
    """One rule is for all of them."""
    rising, falling = seen({"energy": 1.0}, {"energy": 2.0}), seen({"energy": 2.0}, {"energy": 1.0})
    assert numbers_of(Plan("json"), [rising]).meters == (("energy",),)
    assert numbers_of(Plan("json"), [rising, falling]).meters == ()


def test_numbers_are_counted_by_format() -> None:
    """Those of a list in each of its elements."""
    assert count_numbers(seen({"a": 1, "b": {"c": 2, "t": 3}}), Plan("json", time=("b", "t")), [("a",)]) == 1
    walked = Plan("json", each=("l",), names=(("id",),))
    assert count_numbers(seen({"l": [{"id": 1, "v": 2}, {"id": 2, "v": 3}]}), walked, ()) == 2
    assert count_numbers(seen(21.5, 22.5), Plan("plain"), ()) == 2


def test_the_newest_time_of_a_message_counts() -> None:
    """A message with several readings was sent after the last of them."""
    plan = Plan("json", each=("l",), time=("t",))
    assert live_times(seen({"l": [{"v": 1, "t": 5}, {"v": 1, "t": 6}]}), plan) == [(6, NOW)]
    assert live_times(seen({"v": 1}), Plan("json")) == []


def test_report_on_change_is_told_by_uneven_gaps_and_values_that_differ() -> None:
    """Neither a steady sensor nor one that repeats itself."""
    uneven, even = (1, 9, 2, 30, 1), (5, 5, 5, 5, 5)
    rows = [1, 2, 3, 4, 5, 6]
    assert reports_on_change([seen(*rows, gaps=uneven)])
    assert not reports_on_change([seen(*rows, gaps=even)])
    assert not reports_on_change([seen(1, 1, 2, 2, 3, 3, gaps=uneven)])
    assert not reports_on_change([seen(1, 2, gaps=uneven)])
    assert not reports_on_change([seen(*rows, gaps=even), seen(*rows, gaps=even), seen(*rows, gaps=uneven)])


def test_topics_of_one_number_are_meters_if_one_rises_and_none_falls() -> None:
    """Their names must say so."""
    plan = Plan("json")

    def named(topic: str, *values: float) -> Seen:
        collected = HeardTopic(topic, live=len(values))
        collected.beginning += [Sample(str(value).encode(), NOW + n, retained=False) for n, value in enumerate(values)]
        return examine(collected, 24)

    plain = Plan("plain", meter=True)
    assert counts(plain, [named("a/energy", 1, 2), named("b/energy", 3, 3)])
    assert not counts(plain, [named("a/energy", 1, 2), named("b/energy", 3, 2)])
    assert not counts(plain, [named("b/energy", 3, 3)])
    assert not counts(plain, [named("a/power", 1, 2)])
    assert counts(plan, [seen({"total_kwh": 5.0})])
