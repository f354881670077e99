"""What a process says comes through as it was meant, errors included."""

import importlib
import io
import json
import pickle
import sys
from pathlib import Path

import pytest

from edge.errors import (
    BlockRefused,
    BlockTooLarge,
    ConfigurationError,
    GatecastError,
    HistoryError,
    PayloadError,
    StoreBusy,
)
from pipeline.processes.child import Raised, Say, error_classes, events, keep_out, last_words, obey, run_process

TEXT = 'expected 1 … 2; got "3"'
WITH_FACTS: dict[type[GatecastError], GatecastError] = {
    PayloadError: PayloadError("bad_time", TEXT),
    StoreBusy: StoreBusy(TEXT, answered=True),
    BlockRefused: BlockRefused(TEXT, dropped={"reading": 2}, rows=b"reading,series=\xff 1", proven=True, parts=[b"\xff", b"y"]),
    BlockTooLarge: BlockTooLarge(TEXT),
}
PROGRAM = """
import sys
from pathlib import Path
from edge.errors import ConfigurationError
from pipeline.processes.child import obey

def work(folder, say):
    say(stage="training")
    raise ConfigurationError("units must be at least 1; got 0")

sys.exit(obey(work, Path(), sys.stdout))
"""


class Event(Raised):
    """A line that may tell of a stage."""

    stage: str = ""


def said_by(error: GatecastError) -> tuple[int, str]:
    """Exit code and output of a process whose work ends with this error."""

    def work(_: Path, say: Say) -> None:
        say(stage="training")
        raise error

    output = io.StringIO()
    return obey(work, Path(), output), output.getvalue()


@pytest.mark.parametrize("kind", error_classes().values(), ids=lambda kind: kind.__name__)
def test_every_error_is_carried_by_pickle_as_it_is(kind: type[GatecastError]) -> None:
    """Pools of processes and clusters use pickle: class, text and facts arrive."""
    error = WITH_FACTS[kind] if kind in WITH_FACTS else kind(TEXT)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (type(again), str(again), vars(again)) == (kind, str(error), vars(error))


@pytest.mark.parametrize("kind", error_classes().values(), ids=lambda kind: kind.__name__)
def test_every_error_crosses_the_border_as_it_is(kind: type[GatecastError]) -> None:
    """The same class, text and facts; and the process ends with the exit code of the error."""
    error = WITH_FACTS.get(kind) or kind(TEXT)
    code, output = said_by(error)
    *_, last = events(output.splitlines(), Event)
    again = last.again()
    assert code == error.code
    assert type(again) is kind
    assert str(again) == str(error) == TEXT
    assert again.args == error.args
    assert vars(again) == vars(error)


def test_the_tree_is_the_whole_tree() -> None:
    """Classes below other classes are in it, by their names."""
    tree = error_classes()
    assert {"GatecastError", "ConfigurationError", "StoreError", "BlockTooLarge"} <= set(tree)
    assert all(tree[kind.__name__] is kind for kind in WITH_FACTS)


def test_an_error_of_an_unknown_class_is_still_one_of_ours() -> None:
    """Its text is kept."""
    again = Raised("OvenError", "the oven is cold").again()
    assert type(again) is GatecastError
    assert str(again) == "the oven is cold"


def test_a_wrong_configuration_in_a_real_process_is_the_callers(tmp_path: Path) -> None:
    """Class, text and exit code 2 come out of a process of its own."""
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    lines, code = run_process([sys.executable, str(path)], 1, tmp_path / "log", lambda lines: list(events(lines, Event)))
    assert code == 2
    assert [line.stage for line in lines] == ["training", ""]
    with pytest.raises(ConfigurationError, match="units must be at least 1; got 0"):
        raise lines[-1].again()


def test_lines_of_a_library_are_no_events() -> None:
    """Only lines that have the shape of an event count."""
    lines = ["Created delegate", "", json.dumps({"stage": "training"}), json.dumps(["stage"]), json.dumps({"stage": 3})]
    assert [event.stage for event in events(lines, Event)] == ["training"]


def test_a_line_that_is_no_text_is_no_event_either(tmp_path: Path) -> None:
    """A library may print whatever it likes; what comes after it is still heard."""
    program = r'import sys; sys.stdout.buffer.write(b"\xff\xfe\n"); print("{\"stage\": \"conversion\"}")'
    heard, code = run_process(
        [sys.executable, "-c", program], 1, tmp_path / "log", lambda lines: [event.stage for event in events(lines, Event)]
    )
    assert (heard, code) == (["conversion"], 0)


def test_a_process_is_killed_where_following_it_fails(tmp_path: Path) -> None:
    """It would run for an hour otherwise."""

    def follow(lines: object) -> None:
        raise HistoryError("no")

    with pytest.raises(HistoryError):
        run_process([sys.executable, "-c", "import time; time.sleep(3600)"], 1, tmp_path / "log", follow)


def test_last_words_are_the_last_line_of_the_log(tmp_path: Path) -> None:
    """Shortened; and an empty log is said to be one."""
    log = tmp_path / "log"
    log.write_text(f"first\n{'x' * 400}\n\n")
    assert last_words(log) == "x" * 300
    log.write_text("\n")
    assert last_words(log) == "it left no message"


def test_packages_that_are_kept_out_cannot_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever can do without them is told as if they were not installed."""
    for name in ("colorsys", "this_is_not_installed"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    keep_out(("colorsys",))
    for name in ("colorsys", "this_is_not_installed"):
        with pytest.raises(ImportError):
            importlib.import_module(name)
    del sys.modules["colorsys"]  # by hand: monkeypatch would bring the None back, and other tests need the package
    assert importlib.import_module("colorsys").rgb_to_hsv(0, 0, 0) == (0, 0, 0)
