"""A small store for the commands that show what is in it: three series of an hour."""

from pathlib import Path
from typing import Any

import numpy as np

from edge.contract.columns import Points, SeriesTable
from edge.contract.schema import FORECAST, FORECAST_SCORE, MEANING
from edge.stores.store import Store, open_store
from tests.support.stores import readings, write

HOUR = 3_600_000_000_000
START = 1_789_999_200_000_000_000  # a full hour, 14:00 UTC
NAMES = ("roof.t", "roof/ü", "yard.t")
VERSION = "20261129T035249Z-lstm-f0bd0f2c"


def write_config(folder: Path, store: str | None = None, more: str = "") -> Path:
    """A configuration for recorded readings with a store in the folder."""
    url = store or f"sqlite:///{folder / 'store.db'}"
    path = folder / "gatecast.toml"
    path.write_text(f'[store]\nurl = "{url}"\n[agent]\nclock = "event"\nstate = "{folder / "state"}"\n{more}', encoding="utf-8")
    return path


def fill(folder: Path, store: Store | None = None, naive: float | None = None) -> None:
    """Readings of three series; forecasts of the first, from 14:00 with six leads and from 15:00 with two; two scores."""
    opened = store or open_store(f"sqlite:///{folder / 'store.db'}")
    table = SeriesTable(NAMES)
    write(opened, table, readings([0, 0, 1, 2], [START, START + HOUR, START, START], [1.0, 2.5, -3.0, 4.0]))
    for origin, reach in ((START, 6), (START + HOUR, 2)):
        number = np.arange(reach)
        fields: dict[str, Any] = {"q10": number - 1.0, "q50": number + 0.5, "q90": number + 2.0}
        fields |= {"origin": np.full(reach, origin), "lead": number + 1, "model": VERSION}
        write(opened, table, Points(FORECAST, np.zeros(reach, np.int32), origin + HOUR * number, fields))
    described: dict[str, Any] = {"unit": "°C", "kind": "gauge", "counter": np.array([0]), "hold": np.array([0.0])}
    write(opened, table, Points(MEANING, np.zeros(1, np.int32), np.array([START]), described))
    scores: dict[str, Any] = {
        "absolute_error": np.array([1.0, 3.0]),
        "baseline_absolute_error": np.array([2.0, 6.0] if naive is None else [naive] * 2),
    }
    scores["covered"] = np.array([1.0, 0.0])
    leads = np.array([1, 2], np.int32)
    write(opened, table, Points(FORECAST_SCORE, np.zeros(2, np.int32), np.full(2, START), scores, leads))
    if store is None:
        opened.close()
