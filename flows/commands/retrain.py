"""`gatecast retrain`: train on the store's history, and release what is better."""

import argparse
import json
from pathlib import Path

from edge.commands.options import add_config
from edge.errors import ConfigurationError
from flows.options import Commands, add_command, add_json, moment


def add_parser(commands: Commands) -> None:
    """Add `retrain` to the commands."""
    parser = add_command(
        commands,
        "retrain",
        run,
        "train on the store's history, release what is better",
        "Train on the store's history, release what is better. A network is released only if it is better than the baselines "
        "and the live forecaster, measured on the device's runtime. Takes minutes. "
        "Several fleets are named one after the other: gatecast retrain a.toml b.toml.",
        grace=0.0,
    )
    parser.add_argument(
        "configs",
        nargs="*",
        type=Path,
        metavar="CONFIG",
        help="configurations of many fleets, or folders: each *.toml in it, and the gatecast.toml of each of its folders",
    )
    add_config(parser)
    parser.set_defaults(config=None)
    add_json(parser)
    parser.add_argument("--no-release", action="store_true", help="judge only; the registry stays as it is")
    parser.add_argument(
        "--until", metavar="TIME", help="use readings before this time only, ISO 8601 (without a zone: UTC); default: all"
    )
    parser.add_argument(
        "--tune",
        type=_trials,
        default=0,
        metavar="N",
        help="search for better settings first, in N trials; a search on the same history goes on; default: 0, none",
    )


def run(options: argparse.Namespace) -> int:
    """Retrain, and say what is live now.

    Raises:
        GatecastError: one line that says what to do.
    """
    from flows.retraining.quiet import keep_prefect_quiet

    if options.configs and options.config is not None:
        raise ConfigurationError("name the fleets without --config, gatecast retrain a.toml b.toml, or one with it")
    keep_prefect_quiet()
    if options.configs and not (len(options.configs) == 1 and not options.configs[0].is_dir()):
        return _run_many(options)
    options.config = options.configs[0] if options.configs else options.config or Path("gatecast.toml")
    from edge.config.reading import read_config
    from flows.output.retrained import afterwards, retrained_document, retrained_text
    from flows.progress import CURRENT, Show

    until = moment("--until", options.until)
    show = Show()
    CURRENT.set(show)
    with show.stage("retrain"):
        from flows.retraining.flow import run as run_retrain  # takes seconds, so it belongs to the stage

        retrained = run_retrain(options.config, release=not options.no_release, until=until, trials=options.tune)
    if options.json:
        print(json.dumps(retrained_document(retrained, released=not options.no_release)))
    else:
        print(retrained_text(retrained, released=not options.no_release))
        if not options.no_release:
            print("\n".join(afterwards(retrained.release, Path(read_config(options.config).registry.path))))
    return 0


def _run_many(options: argparse.Namespace) -> int:
    """Retrain many fleets, and say what became of each; 1 where one of them failed."""
    from flows.fleets.configurations import fleets_of
    from flows.progress import CURRENT, Show

    until = moment("--until", options.until)
    fleets = fleets_of(options.configs)
    show = Show()
    CURRENT.set(show)
    with show.stage(f"retrain {len(fleets)} fleets"):
        from flows.fleets.run import Wanted
        from flows.fleets.run import run as run_fleets
        from flows.fleets.table import outcomes_document, outcomes_text

        outcomes = run_fleets(fleets, Wanted(not options.no_release, until, options.tune))
    print(json.dumps(outcomes_document(outcomes)) if options.json else outcomes_text(outcomes))
    return int(any(outcome.document is None for outcome in outcomes))


def _trials(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a number of trials such as 20; got {text!r}")
    return int(text)
