"""What the trainer's sections promise."""

import pytest

from edge.config.training_sections import Train
from edge.errors import ConfigurationError


@pytest.mark.parametrize(("workers", "rounds"), [(1, 3), (2, 2), (3, 1), (8, 1)])
def test_rounds_are_those_that_the_workers_need(workers: int, rounds: int) -> None:
    """Three cells of one design: the last round need not be full."""
    assert Train(workers=workers).rounds == rounds


@pytest.mark.parametrize(
    "runner",
    [
        "threads",
        "processes",
        "dask",
        "tcp://10.0.0.5:8786",
        "tcp://scheduler:8786",
        "tcp://[fd00::5]:8786",
        "tcp://127.0.0.1:1",
    ],
)
def test_a_runner_of_ours_or_a_cluster_near_by_is_taken(runner: str) -> None:
    """One line names the processes that candidates are trained by."""
    Train(runner=runner).check_runner()


@pytest.mark.parametrize(
    ("runner", "line"),
    [
        ("", "expected threads, processes, dask or the address of a scheduler"),
        ("thread", "got 'thread'"),
        ("http://10.0.0.5:8786", "got 'http"),
        ("tcp://10.0.0.5", "got 'tcp://10.0.0.5'"),
        ("tcp://10.0.0.5:70000", "got 'tcp://10.0.0.5:70000'"),
        ("tcp://10.0.0.5:0", "expected threads"),
        ("tcp://10.0.0.5:8786/x", "expected threads"),
        ("tcp://dask.example.com:8786", "dask.example.com is outside of private networks, where anybody may give orders"),
        ("tls://dask.example.com:8786", "a cluster with tls:// needs ca_file and cert_file"),
    ],
)
def test_a_runner_that_there_is_not_is_refused_in_words(runner: str, line: str) -> None:
    """What was expected and what to do, before anything starts."""
    with pytest.raises(ConfigurationError, match=line):
        Train(runner=runner).check_runner()


def test_certificates_without_tls_are_refused() -> None:
    """They would protect nothing."""
    with pytest.raises(ConfigurationError, match=r"\[train\] ca_file is of use with TLS only"):
        Train(runner="tcp://10.0.0.5:8786", ca_file="ca.pem").check_runner()
