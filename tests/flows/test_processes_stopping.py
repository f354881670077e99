"""Ctrl-C and SIGTERM end a command with everything it has started, in one line, and nothing is left."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.processes.stopping import is_there, stoppable
from tests.support.servers import wait_until
from tests.support.stopped import ROOT, Command

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks through /proc")
CODES = {signal.SIGINT: (130, "Ctrl-C"), signal.SIGTERM: (143, "SIGTERM")}
# Work that ignores what it is asked, in a process whose child does the same in a session of its own.
STUBBORN = """
import signal, subprocess, sys, tempfile, time
from flows.processes.stopping import stoppable

CHILD = '''
import signal, subprocess, sys
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import signal; print('ready', flush=True); signal.pause()"], start_new_session=True)
signal.pause()
'''

def work():
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    tempfile.mkdtemp()
    subprocess.Popen([sys.executable, "-c", CHILD], start_new_session=True)
    while True:
        try:
            time.sleep(60)
        except BaseException as error:
            print("survived", error)

sys.exit(stoppable("gatecast", work, grace=float(sys.argv[1])))
"""
POLITE = """
import signal, sys
from flows.processes.stopping import stoppable

def work():
    def leave(*_):
        print("left", flush=True)
        sys.exit(0)
    signal.signal(signal.SIGTERM, leave)
    print("ready", flush=True)
    while True:
        signal.pause()

sys.exit(stoppable("gatecast", work, grace=60))
"""


def check_stopped(command: Command, number: signal.Signals, *, group: bool = False) -> None:
    """The exit code and the one line are right, and nothing is left."""
    assert len(command.left()) > 2
    code, name = CODES[number]
    assert command.end(number, group=group) == (code, f"gatecast: stopped by {name}\n")
    assert command.left() == []


@pytest.fixture
def killed_in_the_end() -> Iterator[list[Command]]:
    """Commands that a failing test leaves behind."""
    commands: list[Command] = []
    yield commands
    for command in commands:
        command.process.kill()
        command.process.communicate()


@pytest.mark.parametrize("grace", [0.0, 0.01])
@pytest.mark.parametrize(("number", "group"), [(signal.SIGINT, True), (signal.SIGINT, False), (signal.SIGTERM, False)])
def test_work_that_ignores_signals_ends_with_all_its_descendants(
    number: signal.Signals, group: bool, grace: float, tmp_path: Path, killed_in_the_end: list[Command]
) -> None:
    """Children of children in other sessions too, and what lies in the temporary folder."""
    command = Command(["-c", STUBBORN, str(grace)], tmp_path)
    killed_in_the_end.append(command)
    command.wait_for("ready", output=True)
    check_stopped(command, number, group=group)


def test_work_may_end_by_itself_where_it_is_given_time(tmp_path: Path, killed_in_the_end: list[Command]) -> None:
    """It gets SIGTERM, whatever the command got."""
    command = Command(["-c", POLITE], tmp_path)
    killed_in_the_end.append(command)
    command.wait_for("ready", output=True)
    os.kill(command.process.pid, signal.SIGINT)
    out, said = command.process.communicate()
    assert (command.process.returncode, out, said) == (130, "left\n", "gatecast: stopped by Ctrl-C\n")
    assert command.left() == []


@pytest.mark.parametrize(
    ("work", "code", "said"),
    [
        ("return 2", 2, ""),
        ("sys.exit(3)", 3, ""),
        ("sys.exit('words')", 1, ""),
        ("raise ValueError('a fault of ours')", 1, "ValueError: a fault of ours\n"),
        ("os.kill(os.getpid(), 9)", 1, "gatecast: the work was ended by SIGKILL; is there enough memory?\n"),
        ("open(os.path.join(tempfile.mkdtemp(), 'file'), 'w').close(); return 0", 0, ""),
    ],
)
def test_the_code_of_the_work_is_that_of_the_command(work: str, code: int, said: str, tmp_path: Path) -> None:
    """Also where it raises, exits or is killed; its temporary files are gone."""
    program = f"import os, sys, tempfile\nfrom flows.processes.stopping import stoppable\ndef work():\n    {work}\n"
    command = Command(["-c", f"{program}sys.exit(stoppable('gatecast', work))"], tmp_path)
    _, errors = command.process.communicate()
    assert command.process.returncode == code
    assert errors.endswith(said)
    assert bool(errors) == bool(said)
    assert command.left() == []


def test_an_ignored_signal_stays_ignored(tmp_path: Path) -> None:
    """As nohup and shells' background jobs ask for."""
    program = """
import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
from flows.processes.stopping import stoppable
def work():
    os.kill(os.getppid(), signal.SIGHUP)
    return 0
sys.exit(stoppable("gatecast", work))
"""
    command = Command(["-c", program], tmp_path)
    assert command.process.communicate() == ("", "")
    assert command.process.returncode == 0


def test_the_mask_of_signals_is_as_before() -> None:
    """What runs after the work can be stopped as well."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    assert stoppable("gatecast", lambda: int(not tempfile.gettempdir().rpartition("/")[2].startswith("gatecast-"))) == 0
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


HOURLY = "time,a\n" + "".join(
    f"2026-01-{1 + hour // 24:02}T{hour % 24:02}:00:00Z,{20 + hour % 24 + hour % 7}\n" for hour in range(700)
)


@pytest.mark.training
@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words", "number", "group"),
    [
        (["retrain"], "retrain", signal.SIGTERM, False),
        (["retrain"], "gru (segment): ", signal.SIGINT, True),
        (["demo", "--folder", "demo", "--data", "readings.csv", "--no-open"], " series, ", signal.SIGINT, True),
        (["compare", "--quick", "--data", "readings.csv"], "train", signal.SIGTERM, False),
        (["backtest", "--data", "readings.csv"], "fit", signal.SIGINT, True),
    ],
)
def test_a_long_command_stops_wherever_it_is(
    arguments: list[str],
    words: str,
    number: signal.Signals,
    group: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    killed_in_the_end: list[Command],
) -> None:
    """While Prefect's server starts, while worker processes train, while libraries are imported."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        monkeypatch.delenv(name)
    Path("readings.csv").write_text(HOURLY)
    Path("gatecast.toml").write_text('[store]\nurl = "sqlite:///store.db"\n[train]\ncells = ["gru"]\nepochs = 12\n')
    if arguments[0] == "retrain":
        subprocess.run(
            [sys.executable, "-m", "flows.cli", "import", "readings.csv"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=True,
            capture_output=True,
        )
    command = Command(["-m", "flows.cli", *arguments], tmp_path)
    killed_in_the_end.append(command)
    command.wait_for(words)
    check_stopped(command, number, group=group)
    assert not (tmp_path / "registry").exists()
    assert not list(tmp_path.glob("demo/registry/channels/*"))


@pytest.mark.training
@pytest.mark.slow
def test_a_demo_with_its_page_stops_while_the_stream_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_in_the_end: list[Command]
) -> None:
    """Broker, agent and page end with it."""
    pytest.importorskip("nicegui")
    monkeypatch.chdir(tmp_path)
    Path("readings.csv").write_text(HOURLY)
    arguments = ["demo", "--serve", "--folder", "demo", "--data", "readings.csv", "--no-open"]
    command = Command(["-m", "flows.cli", *arguments], tmp_path)
    killed_in_the_end.append(command)
    command.wait_for("the agent's numbers on")
    check_stopped(command, signal.SIGINT, group=True)


def test_a_command_that_is_killed_leaves_no_process(tmp_path: Path, killed_in_the_end: list[Command]) -> None:
    """`kill -9` of the command ends its work too."""
    command = Command(["-c", POLITE], tmp_path)
    killed_in_the_end.append(command)
    command.wait_for("ready", output=True)
    command.end(signal.SIGKILL)
    wait_until(lambda: not command.processes(), what="the end of the processes")


def test_a_process_is_there_until_it_has_ended() -> None:
    """A number that no process can have is nobody's to clean up after."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert is_there(process.pid)
    assert not is_there(process.pid)
    assert is_there(1)
    assert is_there(1 << 80)
