"""`gatecast`: the trainer's command."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.exit_codes import guarded
from edge.errors import ConfigurationError
from flows.commands import backtest, compare
from flows.commands import import_file as importing
from flows.commands.options import check_data, check_written, moment
from flows.processes.stopping import stoppable

if TYPE_CHECKING:
    from pipeline.release.registry import Registry

OURS = ("edge", "pipeline", "flows")
# Packages outside the `train` extra. An environment with the device's packages only has this command too.
EXTRAS = {"lightgbm": "peers", "statsforecast": "peers", "optuna": "tune"}
LONG = ("import", "retrain", "backtest", "compare", "serve", "demo")
SAYS_GOODBYE = 2.0  # seconds that serve has to tell Prefect's server
EPILOG = """\
exit codes: 0 done, 1 failed, 2 wrong use or configuration, 130 stopped by
Ctrl-C, 143 by SIGTERM

first steps:
  gatecast demo                 the whole way on recorded weather, in minutes
  gatecast init                 write a gatecast.toml to edit
  gatecast import readings.csv  bring history into the store
  gatecast retrain              train, judge, release what beats the baselines
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave with its exit code; Ctrl-C and SIGTERM end what takes long at once, with all its processes."""
    options = _parser().parse_args(arguments)
    if options.command in LONG:
        grace = SAYS_GOODBYE if options.command == "serve" else 0.0
        sys.exit(stoppable("gatecast", lambda: _run(options), grace=grace))
    sys.exit(_run(options))


def run(arguments: Sequence[str]) -> int:
    """Run the command in this process.

    Returns:
        0 done, 1 failed, 2 wrong use or configuration.
    """
    return _run(_parser().parse_args(arguments))


def _run(options: argparse.Namespace) -> int:
    command: Callable[[argparse.Namespace], int] = options.run
    return guarded("gatecast", lambda: _with_packages(command, options))


def _with_packages(command: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    """Run a command; where a package is not installed, say which and in which extra it is."""
    try:
        return command(options)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if not package or package in OURS:
            raise  # a fault of ours, not of the environment
        extra = EXTRAS.get(package, "train")
        raise ConfigurationError(
            f"{package} is not installed, and gatecast {options.command} needs it; "
            f"in a clone of the repository: pip install '.[{extra}]'"
        ) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gatecast",
        description="Train, judge and release the forecasters that run next to your sensors.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, title="commands", metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], int], text: str, more: str = "") -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}. {more}".strip())
        command.set_defaults(run=run)
        return command

    def add_config(command: argparse.ArgumentParser, text: str = "configuration") -> None:
        command.add_argument(
            "--config", type=Path, default=Path("gatecast.toml"), metavar="FILE", help=f"{text}; default: gatecast.toml"
        )

    def add_json(command: argparse.ArgumentParser) -> None:
        command.add_argument("--json", action="store_true", help="print the result as JSON")

    def add_channel(command: argparse.ArgumentParser) -> None:
        command.add_argument("--channel", metavar="NAME", help="of the channel; default: [registry] channel (live)")

    init = add("init", _init, "write a gatecast.toml with every setting and its default")
    add_config(init, "file to write")
    importing.add_parser(commands)
    retrain = add(
        "retrain",
        _retrain,
        "train on the store's history, release what is better",
        "What is better than the baselines and the live forecaster, on the device's runtime, goes out. Takes minutes.",
    )
    add_config(retrain)
    add_json(retrain)
    retrain.add_argument("--no-release", action="store_true", help="judge only; the registry stays as it is")
    retrain.add_argument(
        "--until", metavar="TIME", help="use readings before this time only, ISO 8601 (without a zone: UTC); default: all"
    )
    retrain.add_argument(
        "--tune",
        type=_trials,
        default=0,
        metavar="N",
        help="search for better settings first, in N trials; a search on the same history goes on; default: 0, none",
    )
    backtest.add_parser(commands)
    compare.add_parser(commands)
    models = add("models", _models, "list the bundles in the registry")
    promote = add("promote", _promote, "let a channel name a version", "Agents take it at their next look.")
    promote.add_argument("version", metavar="VERSION", help="as listed by gatecast models")
    rollback = add("rollback", _rollback, "let a channel name the version before", "Agents take it at their next look.")
    for command in (models, promote, rollback):
        add_config(command)
        add_json(command)
        add_channel(command)
    add_config(add("serve", _serve, "retrain on a schedule until stopped", "[schedule] cron; default: 0 3 * * * (UTC)."))
    demo = add(
        "demo",
        _demo,
        "show the whole way on recorded data, in minutes",
        "Train, release, stream, forecast, compare. Exit code 1 where a reading or a forecast was lost or doubled, or where no "
        "network beats the baselines on the weather.",
    )
    demo.add_argument("--data", type=Path, metavar="FILE", help="your own CSV or Parquet; default: a year of hourly weather")
    demo.add_argument(
        "--store",
        metavar="URL",
        help="sqlite:///FILE or influxdb://host:8086/bucket?org=my-org, with the token in GATECAST_INFLUX_TOKEN; "
        "default: a file in the working folder",
    )
    demo.add_argument(
        "--folder", type=Path, default=Path("gatecast-demo"), help="working folder, made anew; default: gatecast-demo"
    )
    demo.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file as JSON")
    demo.add_argument("--no-open", action="store_true", help="do not open the report in a browser")
    return parser


def _trials(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a number of trials such as 20; got {text!r}")
    return int(text)


def _prepare_prefect() -> None:
    """One line per failure is ours to write; a flow run must not spread a trace over it. Set before Prefect is loaded."""
    if "PREFECT_LOGGING_LEVEL" not in os.environ:
        # Of all loggers, of those that Prefect keeps to itself, and of the libraries below it.
        for name in ("PREFECT_LOGGING_LEVEL", "PREFECT_INTERNAL_LOGGING_LEVEL", "PREFECT_LOGGING_ROOT_LEVEL"):
            os.environ[name] = "CRITICAL"
    os.environ.setdefault("DO_NOT_TRACK", "1")


def _init(options: argparse.Namespace) -> int:
    template = Path(__file__).parent / "data" / "gatecast.toml"
    try:
        with options.config.open("x", encoding="utf-8") as file:
            file.write(template.read_text(encoding="utf-8"))
    except FileExistsError as error:
        raise ConfigurationError(f"{options.config} is there already; name another file with --config") from error
    except OSError as error:
        raise ConfigurationError(f"cannot write {options.config}: {error.strerror}") from error
    print(f"wrote {options.config}; next: edit [mqtt], [[ingest]] and [store], then gatecast import FILE")
    return 0


def _retrain(options: argparse.Namespace) -> int:
    _prepare_prefect()
    from flows.output.retrained import retrained_document, retrained_text  # noqa: PLC0415
    from flows.progress import CURRENT, Show  # noqa: PLC0415

    until = moment("--until", options.until)
    show = Show()
    CURRENT.set(show)
    with show.stage("retrain"):
        from flows.retraining.flow import run as run_retrain  # noqa: PLC0415 - seconds, so it belongs to the stage

        retrained = run_retrain(options.config, release=not options.no_release, until=until, trials=options.tune)
    if options.json:
        print(json.dumps(retrained_document(retrained, released=not options.no_release)))
    else:
        print(retrained_text(retrained, released=not options.no_release))
    return 0


def _models(options: argparse.Namespace) -> int:
    from flows.output.models import models_document, models_text  # noqa: PLC0415

    registry, channel = _registry(options)
    live = registry.channel(channel)
    manifests = registry.versions()
    version = live.version if live else None
    print(json.dumps(models_document(manifests, version)) if options.json else models_text(manifests, version, channel))
    return 0


def _promote(options: argparse.Namespace) -> int:
    registry, channel = _registry(options)
    before = registry.channel(channel)
    found = registry.promote(options.version, channel)
    return _changed(options, channel, found.version, again=before is not None and before.version == found.version)


def _rollback(options: argparse.Namespace) -> int:
    registry, channel = _registry(options)
    found = registry.rollback(channel)
    return _changed(options, channel, found.version)


def _changed(options: argparse.Namespace, channel: str, version: str, *, again: bool = False) -> int:
    text = f"channel {channel} names {version}; agents take it at their next look"
    if again:
        text = f"channel {channel} named {version} already and names it anew: agents that refused it try it again"
    print(json.dumps({"channel": channel, "version": version}) if options.json else text)
    return 0


def _registry(options: argparse.Namespace) -> "tuple[Registry, str]":
    from edge.config import read_config  # noqa: PLC0415
    from pipeline.release.registry import Registry  # noqa: PLC0415

    config = read_config(options.config)
    return Registry(Path(config.registry.path)), options.channel or config.registry.channel


def _serve(options: argparse.Namespace) -> int:
    _prepare_prefect()
    from flows.retraining.schedule import serve  # noqa: PLC0415

    serve(options.config)
    return 0


def _demo(options: argparse.Namespace) -> int:
    from flows.progress import CURRENT, Show  # noqa: PLC0415

    check_written("--json", options.json)
    check_data(options.data)
    show = Show()
    CURRENT.set(show)
    folder = options.folder
    with show.stage("start"):
        _prepare_prefect()
        from flows.demo.folder import prepare_folder  # noqa: PLC0415
        from flows.processes.servers import check_broker  # noqa: PLC0415

        check_broker()
        folder = prepare_folder(folder)
        from flows.demo.run import run as run_demo  # noqa: PLC0415 - seconds, so it belongs to the stage
        from flows.output.demo import outcome_document, print_outcome, write_outcome  # noqa: PLC0415

    show.note(f"  working folder: {folder}")
    outcome = run_demo(folder, data=options.data, store_url=options.store, show=show)
    write_outcome(outcome)
    if options.json:
        options.json.write_text(json.dumps(outcome_document(outcome), indent=2), encoding="utf-8")
    print_outcome(outcome)
    if not options.no_open and sys.stdout.isatty():
        import webbrowser  # noqa: PLC0415

        webbrowser.open(outcome.report.as_uri())
    return outcome.code


if __name__ == "__main__":
    main()
