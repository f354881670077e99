"""How many changes of what decides do the tests notice? Mutants of each module by mutmut, a fixed number drawn by a seed.

Run by hand, for all modules of the list or for those named: `python -m tests.support.mutation edge/series/scoring.py`.
`--by-hand` makes the changes of `BY_HAND` instead: no test noticed them once, and each must be noticed now. The working tree
is copied first; nothing in it is changed. One process, a few minutes per module.
"""

import argparse
import fnmatch
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Modules that decide, each with the quick tests that have to notice a change of it; both may be patterns.
TARGETS: dict[str, tuple[str, ...]] = {
    "edge/alerts/judging.py": ("tests/edge/test_alerts_judging.py",),
    "edge/alerts/probability.py": ("tests/edge/test_alerts_probability.py",),
    "edge/alerts/reading.py": ("tests/edge/test_alerts_reading.py", "tests/edge/test_alerts_alerts.py"),
    "edge/alerts/standing.py": ("tests/edge/test_alerts_standing.py",),
    "edge/anomalies/distance.py": ("tests/edge/test_anomalies_distance.py",),
    "edge/anomalies/tail.py": ("tests/edge/test_anomalies_tail.py",),
    "edge/anomalies/watch.py": ("tests/edge/test_anomalies_watch.py",),
    "edge/contract/meaning.py": ("tests/edge/test_contract_meaning.py",),
    "edge/contract/plausible.py": ("tests/edge/test_contract_plausible.py",),
    "edge/config/mistakes.py": ("tests/edge/test_config_mistakes.py",),
    "edge/config/syntax.py": ("tests/edge/test_config_syntax.py",),
    "edge/contract/increases.py": ("tests/edge/test_contract_increases.py",),
    "edge/contract/values.py": ("tests/edge/test_contract_values.py",),
    "edge/clock/offsets.py": ("tests/edge/test_clock_offsets.py",),
    "edge/forecaster/level.py": ("tests/edge/test_forecaster_level.py",),
    "edge/forecaster/outliers.py": ("tests/edge/test_forecaster_outliers.py",),
    "edge/messages/number.py": ("tests/edge/test_messages_number.py",),
    "edge/release/meanings.py": ("tests/edge/test_release_meanings.py",),
    "edge/series/state.py": ("tests/edge/test_series_state.py",),
    "edge/publish/alerts.py": ("tests/edge/test_publish_alerts.py",),
    "edge/publish/anomalies.py": ("tests/edge/test_publish_anomalies.py",),
    "edge/publish/newest.py": ("tests/edge/test_publish_newest.py",),
    "edge/publish/topics.py": ("tests/edge/test_publish_topics.py",),
    "edge/rings/ring.py": ("tests/edge/test_rings_ring.py", "tests/edge/test_series_state.py"),
    "edge/series/passes.py": ("tests/edge/test_series_passes.py", "tests/edge/test_series_state.py"),
    "edge/series/recent.py": ("tests/edge/test_series_recent.py", "tests/edge/test_series_state.py"),
    "edge/series/scoring.py": ("tests/edge/test_series_scoring.py",),
    "edge/series/metrics.py": ("tests/edge/test_series_metrics.py",),
    "edge/spool/spool.py": ("tests/edge/test_spool_spool.py", "tests/edge/test_spool_damage.py"),
    "edge/spool/delivery.py": ("tests/edge/test_spool_delivery.py", "tests/edge/test_spool_delivery_failing.py"),
    "edge/messages/formats/csv_rows.py": ("tests/edge/test_messages_formats_csv.py",),
    "edge/messages/formats/json_object.py": ("tests/edge/test_messages_formats.py",),
    "edge/messages/formats/line_protocol.py": ("tests/edge/test_messages_formats_line_protocol.py",),
    "edge/messages/formats/senml.py": ("tests/edge/test_messages_formats_senml.py",),
    "edge/messages/formats/sparkplug/*.py": (
        "tests/edge/test_messages_formats_sparkplug.py",
        "tests/edge/test_messages_formats_sparkplug_nodes.py",
    ),
    "edge/messages/rule.py": ("tests/edge/test_messages_rule.py",),
    "edge/contract/zones.py": ("tests/edge/test_contract_zones.py",),
    "edge/stores/asking/rows.py": ("tests/edge/test_stores_asking.py",),
    "edge/tables/layout.py": ("tests/edge/test_tables_layout.py",),
    "edge/tables/numbers.py": ("tests/edge/test_tables_numbers.py",),
    "edge/tables/times.py": ("tests/edge/test_tables_times.py",),
    "edge/tables/timing.py": ("tests/edge/test_tables_timing.py",),
    "pipeline/samples/sentinels.py": ("tests/pipeline/test_samples_sentinels.py",),
    "pipeline/samples/states.py": ("tests/pipeline/test_samples_states.py",),
    "pipeline/history/usual.py": ("tests/pipeline/test_history_usual.py",),
    "flows/page/figures/*.py": ("tests/flows/test_page_figures.py",),
    "pipeline/judging/drift.py": ("tests/pipeline/test_judging_drift.py",),
    "pipeline/judging/live_errors.py": ("tests/pipeline/test_judging_live_errors.py",),
    "pipeline/judging/verdict.py": ("tests/pipeline/test_judging_verdict.py",),
    "pipeline/judging/metrics.py": ("tests/pipeline/test_judging_metrics.py",),
    "edge/forecaster/bounds.py": ("tests/edge/test_forecaster_bounds.py",),
    "pipeline/mixture/calibration.py": ("tests/pipeline/test_mixture_calibration.py",),
    "pipeline/release/precision.py": ("tests/pipeline/test_release_precision.py",),
}


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the code that some test has to notice.

    Args:
        name: name of what the code does not do any more.
        module: path from the root of the project.
        old: text that stands in the module once.
        new: text in its place.
        tests: files of tests, one of which has to fail.
    """

    name: str
    module: str
    old: str
    new: str
    tests: tuple[str, ...]


BY_HAND = (
    Change(
        "series that stand still are left out of the verdict",
        "pipeline/judging/metrics.py",
        "    known &= (reference > STILL * unit) | (error > FLOOR * unit)\n",
        "",
        ("tests/pipeline/test_judging_metrics.py", "tests/pipeline/test_judging_verdict.py"),
    ),
    Change(
        "a verdict knows the spread of the training part",
        "pipeline/release/decision.py",
        "Facts(prepared.table, contract, part, prepared.scale)",
        "Facts(prepared.table, contract, part)",
        ("tests/pipeline/test_release_decision.py",),
    ),
    Change(
        "the outer quantiles' layers do not move the median's",
        "pipeline/training/network.py",
        "hidden(tf.stop_gradient(",
        "hidden((",
        ("tests/pipeline/test_training_network.py",),
    ),
    Change(
        "the outer quantiles do not move the median",
        "pipeline/training/network.py",
        "outward(median, tf.stop_gradient(median),",
        "outward(median, median,",
        ("tests/pipeline/test_training_network.py",),
    ),
    Change(
        "training windows lose values",
        "pipeline/training/trainer.py",
        "        mask(windows, ",
        "        (lambda *_: None)(windows, ",
        ("tests/pipeline/test_training_trainer.py",),
    ),
    Change(
        "some training windows come without their series",
        "pipeline/training/trainer.py",
        " < self.settings.unknown, 0, rows + 1)",
        " < 0, 0, rows + 1)",
        ("tests/pipeline/test_training_trainer.py",),
    ),
    Change(
        "a window with a glitch does not outweigh all others",
        "pipeline/training/trainer.py",
        "tf.minimum(scale / divisor(unit), HEAVIEST)",
        "(scale / divisor(unit))",
        ("tests/pipeline/test_training_trainer.py",),
    ),
    Change(
        "glitches are no part of a scale",
        "pipeline/history/windows.py",
        "        if 0 < usual < whole / times:",
        "        if False:",
        ("tests/pipeline/test_history_windows.py",),
    ),
    Change(
        "of two precisions that are as quick the smaller one is chosen",
        "pipeline/release/precision.py",
        " or (smaller and pace * AS_QUICK**2 <= best)",
        "",
        ("tests/pipeline/test_release_precision.py",),
    ),
    Change(
        "messages that are skipped are counted",
        "edge/messages/intake.py",
        "        self._count(reason.kind, 1)\n",
        "",
        ("tests/edge/test_messages_intake.py",),
    ),
    Change(
        "late readings are counted",
        "edge/agent/counters.py",
        "    count(Counter.LATE, effect.late)\n",
        "",
        ("tests/edge/test_agent_counters.py",),
    ),
    Change(
        "the absolute error has its name in the store",
        "edge/contract/schema.py",
        'Field("absolute_error",',
        'Field("error_absolute",',
        ("tests/edge/test_series_engine.py", "tests/edge/test_contract_schema.py"),
    ),
)
SOURCES = ("edge", "pipeline", "flows")
BUDGET = 60  # mutants of a module
SEED = 9
ARGUMENTS = ("-p", "no:cacheprovider", f"--hypothesis-seed={SEED}")
QUICK = ("-m", "not slow and not servers and not training")  # a fork of a process that has used TensorFlow hangs


@dataclass(frozen=True, slots=True)
class Score:
    """What the tests made of the mutants of a module.

    Args:
        module: path from the root of the project.
        mutants: number of all mutants, of which the tried ones were drawn.
        statuses: status of each tried mutant by its name, as mutmut calls it.
        survivors: the change that each survivor makes, as a unified diff.
    """

    module: str
    mutants: int
    statuses: dict[str, str]
    survivors: tuple[str, ...]

    @property
    def survived(self) -> int:
        """Mutants that no test noticed, or that no test runs at all."""
        return sum(unnoticed(status) for status in self.statuses.values())

    def line(self) -> str:
        """One row of the table that is printed."""
        tried = len(self.statuses)
        killed = tried - self.survived
        return f"{self.module:<40}{self.mutants:>8}{tried:>8}{killed:>8}{self.survived:>10}{killed / max(tried, 1):>8.0%}"


def unnoticed(status: str) -> bool:
    """Whether a mutant of that status lives."""
    return status in ("survived", "no tests")


def statuses(listing: str) -> dict[str, str]:
    """Status of each mutant by its name, out of what `mutmut results --all true` prints."""
    return dict(re.findall(r"^\s+(\S+__mutmut_\d+): (.+)$", listing, re.MULTILINE))


def draw(names: Sequence[str], budget: int, seed: int) -> list[str]:
    """At most that many of the names, the same ones for the same seed, in the order given."""
    chosen = set(random.Random(seed).sample(sorted(names), min(budget, len(names))))  # noqa: S311 - nothing is secret
    return [name for name in names if name in chosen]


def copied(folder: Path) -> None:
    """Copy the working tree into the folder, but for what git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)


def configured(folder: Path, module: str, tests: Sequence[str]) -> None:
    """Tell mutmut what to change in the copy and which tests to run."""
    others = sorted(path.name for path in folder.iterdir() if path.name not in SOURCES)
    selected = [str(path.relative_to(folder)) for pattern in tests for path in sorted(folder.glob(pattern))]
    settings = f"""
[tool.mutmut]
source_paths = {[*SOURCES]}
also_copy = {others}
only_mutate = ["{module}"]
pytest_add_cli_args = {[*ARGUMENTS, *QUICK]}
pytest_add_cli_args_test_selection = {selected}
timeout_multiplier = 5
"""
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(settings)


def _mutmut(folder: Path, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", *arguments],
        cwd=folder,
        env=environment,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        sys.exit(f"mutmut {arguments[0]} ended with {done.returncode}:\n{done.stdout[-4000:]}")
    return done.stdout


def score(module: str, tests: Sequence[str], budget: int, seed: int) -> Score:
    """Try the mutants of a module that the seed draws."""
    with tempfile.TemporaryDirectory(prefix="gatecast-mutation-") as name:
        folder = Path(name)
        copied(folder)
        configured(folder, module, tests)
        _mutmut(folder, "run", "--max-children", "1", "*__mutmut_1")  # makes all mutants, and tries the first of each function
        names = list(statuses(_mutmut(folder, "results", "--all", "true")))
        chosen = draw(names, budget, seed)
        _mutmut(folder, "run", "--max-children", "1", *chosen)
        after = statuses(_mutmut(folder, "results", "--all", "true"))
        tried = {name: after[name] for name in chosen}
        alive = [_mutmut(folder, "show", name) for name, status in tried.items() if unnoticed(status)]
    return Score(module, len(names), tried, tuple(alive))


def noticed(change: Change) -> bool:
    """Whether a test fails after the change; all of them pass before it.

    Raises:
        SystemExit: the text is not in the module once, or the tests fail without the change.
    """
    with tempfile.TemporaryDirectory(prefix="gatecast-mutation-") as name:
        folder = Path(name)
        copied(folder)
        path, tests = folder / change.module, [name for name in change.tests if (folder / name).exists()]
        text = path.read_text("utf-8")
        if text.count(change.old) != 1:
            sys.exit(f"expected {change.old!r} in {change.module} once; got {text.count(change.old)} times")
        if _pytest(folder, tests):
            sys.exit(f"expected tests that pass without the change {change.name!r}")
        path.write_text(text.replace(change.old, change.new), "utf-8")
        return _pytest(folder, tests) == 1


def _pytest(folder: Path, tests: Sequence[str]) -> int:
    environment = os.environ | {"PYTHONPATH": str(folder)}
    command = [sys.executable, "-m", "pytest", "-q", "-x", *ARGUMENTS, *tests]
    return subprocess.run(command, cwd=folder, env=environment, check=False, stdout=subprocess.DEVNULL).returncode


def main() -> None:
    """Print the survivors of each module, then one row per module."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", help="patterns of modules of the list; all of it without one")
    parser.add_argument("--budget", type=int, default=BUDGET, help="mutants of a module that are tried (%(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="what draws them (%(default)s)")
    parser.add_argument("--by-hand", action="store_true", help="make the changes of the list that is written by hand")
    options = parser.parse_args()
    os.nice(10)
    if options.by_hand:
        alive = 0
        for change in BY_HAND:
            killed = noticed(change)
            alive += not killed
            print(f"{'killed  ' if killed else 'SURVIVED'} {change.name}", flush=True)
        sys.exit(bool(alive))
    rows = [f"{'module':<40}{'mutants':>8}{'tried':>8}{'killed':>8}{'survived':>10}{'score':>8}"]
    for module, tests in TARGETS.items():
        if not options.modules or any(fnmatch.fnmatch(module, pattern) for pattern in options.modules):
            result = score(module, tests, options.budget, options.seed)
            print(*(survivor.strip() for survivor in result.survivors), sep="\n\n", end="\n\n", flush=True)
            print(result.line(), flush=True)
            rows.append(result.line())
    print("", *rows, sep="\n")


if __name__ == "__main__":
    main()
