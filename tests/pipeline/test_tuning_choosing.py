"""The window is the one that forecasts the validation part better, where there is a choice."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.config.training_sections import Fleet, Train
from edge.contract.ahead.known import Known
from edge.contract.clock import Clock
from edge.contract.coarse import Coarse
from edge.contract.columns import Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from pipeline.history.prepared import Prepared, prepare
from pipeline.training.settings import Hidden, Progress, Record, settings_of
from pipeline.training.worker import Request, Result
from pipeline.tuning.choosing import Brief, choose, choose_inputs, gain, pasts_to_try

HOUR = 3600 * SECOND
TRAIN = Train(cells=("gru", "lstm"))


def prepared(days: int = 100, interval: int = HOUR, window: int = 168) -> Prepared:
    """One series of days that are alike."""
    count = days * 24 * HOUR // interval
    values = np.sin(np.arange(count) * 2 * np.pi * interval / (24 * HOUR)) + np.random.default_rng(1).normal(0, 0.1, count)
    readings = Readings(np.zeros(count, np.int32), np.arange(count) * interval, values)
    return prepare(SeriesTable(["a"]), readings, Contract(interval, window, 24 * HOUR // interval))


def result(loss: float, *hidden: Hidden, days: Sequence[float] = (0.9, 1.1)) -> Result:
    """What a trial tells whose kept weights have a loss, by days of 24 facts each, in units of it; what came last was worse."""
    blocks = tuple((24 * loss * day, 24.0) for day in days)
    return Result({}, Record(0.0, 1, 1, (loss,), (loss, 2.0), 1, 1, hidden=hidden, blocks=blocks), np.zeros(0))


class Scripted:
    """A training that ends with the loss of its window."""

    def __init__(self, losses: Mapping[int, float], days: Mapping[int, Sequence[float]] | None = None) -> None:
        self.losses, self.days, self.requests = losses, days or {}, list[Request]()

    def __call__(self, request: Request, folder: Path, _: Progress) -> Result:
        """Report the loss of the one epoch."""
        assert folder.is_dir()
        assert request.trial
        self.requests.append(request)
        window = request.contract.window
        return result(self.losses[window], days=self.days.get(window, (0.9, 1.1)))


@pytest.mark.parametrize(
    ("long", "window"), [(0.19, 672), (0.1989, 672), (0.1991, 168), (0.25, 168)], ids=["better", "enough", "hardly", "worse"]
)
def test_four_weeks_are_taken_where_they_are_better_by_more_than_half_a_per_cent(
    long: float, window: int, tmp_path: Path
) -> None:
    """All candidates get the window; both were tried for one epoch, on the same origins, and a person is told."""
    training, told = Scripted({168: 0.2, 672: long}), list[str]()
    tuned = choose(prepared(), Fleet(), Brief(TRAIN, tmp_path / "work", training), told.append)
    assert tuned.prepared.contract == replace(prepared().contract, window=window)
    assert [architecture.cell for architecture in tuned.architectures] == ["gru", "lstm"]
    assert tuned.settings.epochs == TRAIN.epochs
    assert [request.contract.window for request in training.requests] == [168, 672]
    assert {(request.settings.epochs, request.architecture.cell) for request in training.requests} == {(1, "gru")}
    assert [request.settings.budget for request in training.requests] == pytest.approx([0.1 * settings_of(TRAIN).budget] * 2)
    first, second = (request.validation for request in training.requests)
    np.testing.assert_array_equal(first.origin, second.origin)
    assert told == [
        f"  loss on the validation part after one epoch: 0.2000 from 7d and {long:.4f} from 28d; looks back {window // 24}d"
    ]


@pytest.mark.parametrize(
    ("days", "window", "words"),
    [
        ((1.03, 0.97, 1.03, 0.97), 672, "28d"),
        ((1.1, 0.9, 1.1, 0.9), 168, "7d: that 28d are better may be chance"),
        ((1.0,), 168, "7d: that 28d are better may be chance"),
    ],
    ids=["alike on all days", "worse on half of them", "one day"],
)
def test_a_gain_that_may_be_chance_does_not_choose(days: Sequence[float], window: int, words: str, tmp_path: Path) -> None:
    """Two per cent with a standard error of two are worth one, with 6.5 nothing; one block of days tells of no error."""
    told, usual = list[str](), [1.0] * len(days)
    training = Scripted({168: 0.2, 672: 0.196}, {168: usual, 672: days})
    tuned = choose(prepared(), Fleet(), Brief(TRAIN, tmp_path, training), told.append)
    assert tuned.prepared.contract.window == window
    assert told[0].endswith(f"0.2000 from 7d and 0.1960 from 28d; looks back {words}")


def test_the_gain_of_a_training_is_told_from_blocks_of_days() -> None:
    """By hand: of 1, 2 and 1 a fact, in 2, 4 and 0 facts; residuals of -0.04 and 0.04 with the usual losses of 2 and 8."""
    usual = result(0.0).record
    first, second = ((2.0, 2.0), (8.0, 4.0), (5.0, 5.0)), ((1.0, 2.0), (8.0, 4.0), (0.0, 0.0))
    found = gain(replace(usual, blocks=second), replace(usual, blocks=first))
    assert found.value == pytest.approx(0.1)
    assert found.error == pytest.approx((2 * (0.08**2 + 0.08**2)) ** 0.5)
    assert found.blocks == 2
    fewer = ((0.5, 1.0), (8.0, 4.0), (0.0, 0.0))  # of a fact the other one has, this one had none to judge
    assert gain(replace(usual, blocks=fewer), replace(usual, blocks=first)) == found


def test_the_window_does_not_depend_on_inputs(tmp_path: Path) -> None:
    """Where their values are missing, forecasts are those that there would be without; the chosen contract has them all."""
    inputs, training = (Clock(), Known("wind")), Scripted({168: 0.2, 672: 0.1})
    history = replace(prepared(), contract=replace(prepared().contract, inputs=inputs))
    tuned = choose(history, Fleet(), Brief(TRAIN, tmp_path, training), print)
    assert [request.contract.inputs for request in training.requests] == [inputs[:1]] * 2
    assert (tuned.prepared.contract.window, tuned.prepared.contract.inputs) == (672, inputs)


def test_half_hours_have_two_weeks(tmp_path: Path) -> None:
    """Four would be more than 720 intervals."""
    assert [past.window for past in pasts_to_try(prepared(interval=HOUR // 2, window=336), Fleet())] == [336, 672]
    brief = Brief(TRAIN, tmp_path, Scripted({336: 0.2, 672: 0.1}))
    assert choose(prepared(interval=HOUR // 2, window=336), Fleet(), brief, print).prepared.contract.window == 672


@pytest.mark.parametrize(("hours", "chosen"), [(0.19, 1), (0.1991, 0)], ids=["better", "hardly better"])
def test_of_ten_minutes_five_days_are_tried_and_three_beside_the_hours_of_a_week(
    hours: float, chosen: int, tmp_path: Path
) -> None:
    """Five days are the other past. Both are judged on the same origins, and the better one is told and taken."""
    history, told = prepared(30, HOUR // 6, 720), list[str]()
    pasts = pasts_to_try(history, Fleet())
    assert pasts == (history.contract, replace(history.contract, window=432, coarse=(Coarse(6, 168),)))
    training = Scripted({720: 0.2, 432: hours})
    tuned = choose(history, Fleet(), Brief(TRAIN, tmp_path, training), told.append)
    assert tuned.prepared.contract == pasts[chosen]
    first, second = (request.validation for request in training.requests)
    np.testing.assert_array_equal(first.origin, second.origin)
    assert told[0].endswith(f"0.2000 from 5d and {hours:.4f} from 7d; looks back {('5d', '7d')[chosen]}")


@pytest.mark.parametrize(
    ("history", "fleet"),
    [
        (prepared(60), Fleet()),
        (prepared(), Fleet(window=168)),
        (prepared(window=100), Fleet()),
        (prepared(interval=HOUR // 4, window=672), Fleet()),
        (prepared(13, HOUR // 6, 720), Fleet()),
    ],
    ids=["little history", "asked for", "no week", "a week is all that fits", "little history of ten minutes"],
)
def test_without_a_choice_nothing_is_tried(history: Prepared, fleet: Fleet, tmp_path: Path) -> None:
    """The window is the usual one, nothing is trained, and nothing is told."""
    training, told = Scripted({}), list[str]()
    tuned = choose(history, fleet, Brief(TRAIN, tmp_path, training), told.append)
    assert tuned.prepared is history
    assert not training.requests
    assert not told


INPUTS = (Clock(), Known("wind"), Known("noise"), Known("price"))


def chosen(told: Result, without: float, folder: Path) -> tuple[list[str], str, list[Request]]:
    """The inputs that are used, the line for people, and the requests, of a trial with all inputs and one without."""
    history, requests, lines = prepared(60), list[Request](), list[str]()
    history = replace(history, contract=replace(history.contract, inputs=INPUTS))

    def training(request: Request, folder: Path, _: Progress) -> Result:
        assert folder.is_dir()
        requests.append(request)
        return told if request.contract.known else result(without)

    contract = choose_inputs(history, Brief(TRAIN, folder, training), lines.append).contract
    assert contract.inputs[0] == INPUTS[0]
    assert len(lines) == 1
    return [known.name for known in contract.known], lines[0], requests


def test_inputs_that_are_not_missed_are_left_out(tmp_path: Path) -> None:
    """As many as can go until the loss is half a per cent above the lowest; one network learned both, on the same origins."""
    hidden = Hidden("noise", 0.0999, 0.0999), Hidden("price", 0.1005, 0.1002), Hidden("wind", 0.15, 0.2)
    names, line, requests = chosen(result(0.1, *hidden), 0.19, tmp_path)
    assert names == ["wind"]
    assert line == (
        "  loss on the validation part after one epoch: 0.1000 with all inputs, 0.1900 without; used, and what the loss grows "
        "by where one of them is hidden: wind (+50.0 %); left out, as it hardly grows without: noise (-0.1 %), price (+0.5 %)"
    )
    assert [len(request.contract.known) for request in requests] == [3, 0]
    assert [request.settings.untold for request in requests] == [False, False]
    np.testing.assert_array_equal(requests[0].validation.origin, requests[1].validation.origin)


def test_of_two_inputs_that_tell_the_same_one_stays(tmp_path: Path) -> None:
    """Neither is missed beside the other, but one is where both are hidden; the order is that of the configuration."""
    hidden = Hidden("price", 0.1, 0.1), Hidden("wind", 0.1, 0.12), Hidden("noise", 0.11, 0.2)
    names, line, _ = chosen(result(0.1, *hidden), 0.19, tmp_path)
    assert names == ["wind", "noise"]
    assert line.endswith("wind (+0.0 %), noise (+10.0 %); left out, as it hardly grows without: price (+0.0 %)")


@pytest.mark.parametrize(
    ("loss", "helps"), [(0.19, True), (0.1991, False), (0.25, False)], ids=["better", "hardly better", "worse"]
)
def test_inputs_that_do_not_help_are_left_out(loss: float, helps: bool, tmp_path: Path) -> None:
    """All of them, where the loss with them is not lower than without; the clock stays in any case."""
    hidden = [Hidden(name, 2 * loss, (2 + number) * loss) for number, name in enumerate(("wind", "noise", "price"))]
    names, line, _ = chosen(result(loss, *hidden), 0.2, tmp_path)
    assert names == (["wind", "noise", "price"] if helps else [])
    assert line.endswith("+100.0 %)" if helps else "0.2000 without; none is used, as they do not help: wind, noise, price")


def test_where_no_input_is_known_none_is_tried(tmp_path: Path) -> None:
    """Nothing is trained, and nothing is told."""
    history, training, lines = prepared(60), Scripted({}), list[str]()
    assert choose_inputs(history, Brief(TRAIN, tmp_path, training), lines.append) is history
    assert not training.requests
    assert not lines
