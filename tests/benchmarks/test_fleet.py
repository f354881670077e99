"""The plan of a fleet: its figures follow from the constants, and rows are counted as an agent writes them."""

from fleet import Constants, Shape, plan, rows_of

from edge.contract.schema import FORECAST, READING


def test_twice_the_sensors_ask_twice_as_much_of_the_stores_and_not_of_the_registry() -> None:
    """What grows with sensors does, what grows with gateways alone does not."""
    constants = Constants(influx_bytes=40)
    small, large = plan(Shape(sensors=1000, gateways=2), constants), plan(Shape(sensors=2000, gateways=2), constants)
    for name in ("messages/s per gateway", "store: rows written/s, all", "store: InfluxDB, GB per day, all"):
        assert abs(large[name] - 2 * small[name]) < 1e-9 * large[name]
    assert large["registry: requests/s"] == small["registry: requests/s"]


def test_rows_of_a_closing_are_those_that_the_settings_give() -> None:
    """24 leads, the whole every fifth time: 8.8 forecasts, and 4 leads kept and scored; the benchmark writes as many."""
    shape = Shape()
    assert (shape.refresh, shape.leads, shape.kept) == (5, 4, 9)
    assert shape.written == 8.8 + 8
    written = [points for made in rows_of(2, 5, 600) for points in made]
    assert sum(len(points) for points in written if points.measurement is READING) == 2 * 5 * 6
    assert sum(len(points) for points in written if points.measurement is not READING) == 2 * 5 * shape.written
    assert sum(len(points) for points in written if points.measurement is FORECAST) == 2 * 5 * 8.8
