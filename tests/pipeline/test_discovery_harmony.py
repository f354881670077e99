"""Plans that differ in a detail become one where they would need too many rules."""

from dataclasses import replace

from pipeline.discovery.harmony import harmonise
from pipeline.samples.plans import Plan

TIMED, UNTIMED = Plan("json", time=("time",)), Plan("json")


def test_a_time_that_only_some_devices_send_is_not_used() -> None:
    """Where no name tells these devices."""
    plans: dict[str, Plan | None] = {f"z/d{number}": TIMED if number % 3 else UNTIMED for number in range(30)}
    assert set(harmonise(plans).values()) == {UNTIMED}


def test_one_device_with_a_wrong_clock_takes_the_time_from_no_other() -> None:
    """A filter leaves it out of their rule."""
    plans: dict[str, Plan | None] = {f"z/d{number}": TIMED if number else UNTIMED for number in range(20)}
    assert harmonise(plans) == plans


def test_names_keep_plans_apart_where_they_can() -> None:
    """One rule for each."""
    plans: dict[str, Plan | None] = {}
    for number in range(30):
        plans |= {f"z/d{number}/sensor": TIMED, f"z/d{number}/state": UNTIMED, f"z/d{number}/will": None}
    assert harmonise(plans) == plans


def test_a_meter_among_others_is_kept_apart_by_its_name_or_not_at_all() -> None:
    """The last level tells it in most houses."""
    meter, plain = Plan("plain", meter=True), Plan("plain")
    named: dict[str, Plan | None] = {
        f"d{n}/{key}": meter if key == "total" else plain for n in range(9) for key in ("total", "power")
    }
    assert harmonise(named) == named
    mixed: dict[str, Plan | None] = {f"d/x{number}": replace(plain, meter=number % 2 == 0) for number in range(40)}
    assert set(harmonise(mixed).values()) == {plain}
