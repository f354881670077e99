"""Whatever an InfluxDB, another program in its bucket or a stranger answers: rows that make sense, or one line."""

import json
from functools import partial

import numpy as np
import pytest

from edge.contract.schema import FORECAST, READING
from edge.errors import StoreDenied
from edge.stores.asking.asking import chosen, fields_of
from edge.stores.asking.series import ahead, known_series, readings, scored
from edge.stores.influx import InfluxStore
from tests.support.fake_influx import FakeInflux2, Reply

SPAN = (0, 1 << 62)


def table(columns: list[str], *rows: list[object], **tags: str) -> dict[str, object]:
    """Rows as /query gives them."""
    return {"name": "m", "columns": columns, "tags": tags, "values": list(rows)}


def answer(*tables: dict[str, object]) -> Reply:
    """An answer with tables."""
    return 200, "application/json", json.dumps({"results": [{"series": list(tables)}]})


def by_measurement(replies: dict[str, Reply], query: str) -> Reply:
    """The answer to a question about a measurement; none for the others."""
    return next((reply for name, reply in replies.items() if f'FROM "{name}"' in query), answer())


@pytest.mark.parametrize(
    "reply",
    [
        (200, "text/html", "<html>Sign in</html>"),
        (200, "application/json", '{"results":' + "[" * 100_000),
        answer(table(["time", "value"], [1], series="a")),
        answer(table(["time", "value"], [], series="a")),
        answer(table(["value"], [1.0], series="a")),
        answer(table(["time", "value"], ["2026-01-01", 1.0], series="a")),
        answer(table(["time", "value"], [None, 1.0], series="a")),
        answer(table(["time", "value"], [1.5, 1.0], series="a")),
        answer(table(["time", "value"], [1 << 63, 1.0], series="a")),
    ],
    ids=["html", "brackets", "short row", "no row", "no time", "text", "none", "half", "far"],
)
def test_an_answer_that_makes_no_sense_is_one_line(reply: Reply) -> None:
    """No question ends in anything else."""
    with FakeInflux2() as fake:
        fake.instead = lambda *_: reply
        store = InfluxStore(fake.url, "b", "home", "all")
        for ask in (known_series, lambda store: scored(store, SPAN), lambda store: readings(store, "a", *SPAN)):
            with pytest.raises(StoreDenied, match="is no InfluxDB") as denied:
                ask(store)
            assert "\n" not in str(denied.value)
        store.close()


def test_an_answer_without_an_end_is_denied() -> None:
    """Nobody reads more than a store of ours can have to say."""
    with FakeInflux2() as fake:
        fake.instead = lambda *_: (200, "application/json", " " * (80 << 20))
        store = InfluxStore(fake.url, "b", "home", "all")
        with pytest.raises(StoreDenied):
            known_series(store)
        store.close()


def test_cells_of_other_programs_are_no_numbers() -> None:
    """Texts where numbers belong, columns that lack, rows without a series: the others count."""
    scores_have = ["time", "absolute_error", "baseline_absolute_error", "covered", "count"]
    replies = {
        "reading": answer(
            table(["time", "value"], [5, "warm"], series="a"),
            table(["time"], [6], series="b"),
            table(["time", "value"], [7, 2.5], series="c"),
            table(["time", "value"], [8, 9.0], host="x"),
            table(["time", "value"], [9, 9.0]),
        ),
        "forecast": answer(
            table(["time", "origin", "lead", "model"], [20, "then", 2, 7], series="a"),
            table(["time", "origin"], [20, 10], series="b"),
            table(["time", "origin", "lead", "model"], [20, 10, 2, "gru"], series="c"),
        ),
        "series": answer(table(["time", "counter", "unit"], [1, "yes", 3], series="a")),
        "forecast_score": answer(
            table(scores_have, [0, "x", 1.0, 1.0, 3], series="a"),
            table(["time", "absolute_error", "count"], [0, 1.0, 3], series="b"),
            table(scores_have, [0, 1.0, 4.0, None, 3], series="c"),
            table(scores_have, [0, 1.0, 4.0, 1.0, "3"], series="d"),
        ),
    }
    with FakeInflux2() as fake:
        fake.told = partial(by_measurement, replies)
        store = InfluxStore(fake.url, "b", "home", "all")
        known = {series.name: series for series in known_series(store)}
        scores = scored(store, SPAN)
        store.close()
    assert list(known) == ["a", "b", "c"]
    assert np.isnan([known["a"].value, known["b"].value]).all()
    assert (known["a"].origin, known["a"].model, known["a"].unit, known["a"].counter) == (None, "", "", False)
    assert (known["b"].origin, known["b"].interval) == (10, None)
    assert (known["c"].value, known["c"].origin, known["c"].model, known["c"].interval) == (2.5, 10, "gru", 10)
    assert list(scores) == ["c"]
    assert (scores["c"].count, scores["c"].gain) == (3, 0.75)
    assert np.isnan(scores["c"].coverage)


def test_rows_of_a_forecast_that_make_no_sense_are_left_out() -> None:
    """Names of fields that are no quantiles are not asked for, and the rest of the rows counts."""
    fields = {"results": [{"series": [{"name": "forecast", "columns": ["fieldKey"], "values": [["q50"], ['q"x'], [], [7]]}]}]}
    columns = ["time", "origin", "lead", "model", "q50"]
    rows = table(
        columns, [30, 10, 2, "gru", 1.0], [20, 10, 1, 5, "x"], [40, "x", 3, "", 1.0], [50, 10, "x", "", 1.0], series="a"
    )
    keys = (200, "application/json", json.dumps(fields))
    with FakeInflux2() as fake:
        fake.told = lambda query: keys if "SHOW" in query else answer(rows)
        store = InfluxStore(fake.url, "b", "home", "all")
        assert fields_of(store, FORECAST) == ["q50", 'q"x', "7"]
        coming = ahead(store, "a", 0)
        store.close()
    assert coming is not None
    assert (coming.time.tolist(), coming.lead.tolist(), coming.model) == ([20, 30], [1, 2], "")
    assert np.isnan(coming.quantiles["q50"][0])
    assert coming.quantiles["q50"][1] == 1.0


def test_names_cannot_write_questions() -> None:
    """A quote and a backslash in the name of a series stay in its name."""
    asked: list[str] = []
    with FakeInflux2() as fake:
        fake.told = lambda query: asked.append(query) or answer()  # type: ignore[func-returns-value]
        store = InfluxStore(fake.url, "b", "home", "all")
        chosen(store, READING, ["value"], ["a' OR 'x' = 'x"], (0, 1))
        store.close()
    assert r"""= 'a\' OR \'x\' = \'x'""" in asked[-1]
