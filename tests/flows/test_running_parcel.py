"""A parcel that goes to another machine takes values along: no folder, no display, no secret."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.config.training_sections import Train
from edge.errors import HistoryError
from flows.progress import Show
from flows.running.parcel import Parcel
from pipeline.tuning.tuning import Tuned, untuned
from tests.support import tiny


def mapped(tmp_path: Path) -> Tuned:
    """What is trained from, with a table that is a file."""
    prepared = tiny.history()
    np.save(tmp_path / "table.npy", prepared.table.values)
    table = replace(prepared.table, values=np.load(tmp_path / "table.npy", "r"))
    return untuned(replace(prepared, table=table), Train(seed=3))


def test_a_table_in_a_file_arrives_as_values(tmp_path: Path) -> None:
    """The file is gone where the parcel arrives, and the numbers, contract and settings are the same."""
    tuned = mapped(tmp_path)
    parcel = Parcel(tuned, Train(seed=3), Show())
    sent = pickle.dumps(parcel)
    (tmp_path / "table.npy").unlink()
    there = pickle.loads(sent)  # noqa: S301 - our own
    assert not isinstance(there.tuned.prepared.table.values, np.memmap)
    assert np.array_equal(there.tuned.prepared.table.values, tiny.history().table.values, equal_nan=True)
    assert there.tuned.prepared.table.data_hash == tiny.history().table.data_hash
    assert (there.tuned.settings, there.tuned.architectures, there.train) == (tuned.settings, tuned.architectures, parcel.train)
    assert str(tmp_path).encode() not in sent


def test_the_display_stays_and_a_warm_process_waits_there(tmp_path: Path) -> None:
    """Here the progress is shown; elsewhere there is none, and the training is forked from a warm process."""
    show = Show()
    parcel = Parcel(mapped(tmp_path), Train(), show)
    assert (parcel.show, parcel.nursery) == (show, None)
    there = pickle.loads(pickle.dumps(parcel))  # noqa: S301 - our own
    assert there.show is None
    assert there.nursery is not None


def test_values_are_packed_once_for_all_candidates(tmp_path: Path) -> None:
    """The second candidate's copy is the first one's bytes, also where it arrives as a part of something else."""
    parcel = Parcel(mapped(tmp_path), Train(), None)
    size = parcel.pack()
    assert size > parcel.tuned.prepared.table.values.nbytes
    assert parcel.__reduce__()[1][0] is parcel.__reduce__()[1][0]


def test_a_history_that_no_cluster_is_sent_is_refused_in_words(tmp_path: Path) -> None:
    """Three gigabytes would be copied for each candidate: one line says what to do; the numbers are not even read."""
    tuned = mapped(tmp_path)
    endless = np.broadcast_to(np.float64(0), (3, 125_000_000))
    parcel = Parcel(
        replace(tuned, prepared=replace(tuned.prepared, table=replace(tuned.prepared.table, values=endless))), Train(), None
    )
    with pytest.raises(
        HistoryError, match=r"3 series x 125000000 intervals are 3\.0 GB, and a cluster is sent at most 2\.0 GB"
    ):
        parcel.pack()
