"""All that `gatecast doctor` looks at, at once."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from edge.checks.configured import checked
from edge.checks.connected.broker import Listening
from edge.checks.connected.run import connected
from edge.checks.connected.together import Check, together
from edge.checks.finding import Finding, Grade, warning
from edge.config.sections import Config
from flows.doctor.looks.machine import check_memory, check_packages, check_registry_disk

PREFECT = 30.0  # seconds, its import included
HISTORY = 120.0  # seconds
MACHINE = 20.0  # seconds


def examined(path: Path, listening: Listening) -> Iterator[Finding]:
    """The findings, each as soon as it is known: the configuration, the machine, the trainer's side, the device's side.

    Args:
        path: configuration.
        listening: times for the broker.
    """
    known = checked(path, contacts=True)
    yield from known.findings
    yield from check_packages()
    yield from check_memory()
    if known.config is None:
        return
    answers = True
    for finding in connected(known, listening):
        answers = answers and (finding.subject != "store" or finding.grade is not Grade.WRONG)
        yield finding
    if answers and known.config.history:
        yield Finding("history", f"it is read as a whole now, which takes {HISTORY:g} s at most")
    yield from together([*_checks(known.config, path), *(_of_store(known.config) if answers else [])])
    if not answers:
        yield warning("history", "it was not read, as the store does not answer", "first see to the store")


def _checks(config: Config, path: Path) -> list[Check]:
    return [
        Check("disk", partial(check_registry_disk, config), MACHINE, "is the disk dying, or a network drive away?"),
        Check("champion", partial(_registry, config), MACHINE, "is the folder of [registry] path on a drive that is away?"),
        Check("prefect", partial(_prefect, config, path), PREFECT, "check PREFECT_API_URL, and the log of that server"),
    ]


def _of_store(config: Config) -> list[Check]:
    return [
        Check("history", partial(_history, config), HISTORY, "gatecast history reads it for as long as it takes"),
        Check("last training", partial(_last_training, config), MACHINE, "check [store] url, or try gatecast store check"),
    ]


# What the trainer's packages do is imported where it is used: without them the other lines are told all the same.
def _registry(config: Config) -> list[Finding]:
    from flows.doctor.looks.registry import check_registry

    return check_registry(config)


def _history(config: Config) -> list[Finding]:
    from flows.doctor.looks.history import check_history

    return check_history(config)


def _last_training(config: Config) -> list[Finding]:
    from flows.doctor.looks.history import check_last_training

    return check_last_training(config)


def _prefect(config: Config, path: Path) -> list[Finding]:
    from flows.retraining.quiet import keep_prefect_quiet

    keep_prefect_quiet()
    from flows.doctor.looks.prefect import check_prefect

    return check_prefect(config, path)
