"""`gatecast backtest`: forecasters measured side by side on readings they were not trained on."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from edge.commands.options import add_table_options, table_options
from edge.errors import ConfigurationError
from flows.options import Commands, add_command, check_data, check_written, history, moment, trainer_config

CONFIG = Path("gatecast.toml")


def add_parser(commands: Commands) -> None:
    """Add `backtest` to the commands."""
    parser = add_command(
        commands,
        "backtest",
        run,
        "measure bundles, baselines and other methods on held-out history",
        "Measure forecasters from every origin of the held-out history, through the device's state and runtime: "
        "MAE, RMSE, MASE, quantile loss, coverage and width per series (in its own unit) and lead, on the same facts for all.",
        grace=0.0,
    )
    add = parser.add_argument
    add("--bundle", action="append", default=[], metavar="WHAT", help="folder or version, repeatable; default: the live one")
    add("--data", type=Path, metavar="FILE", help="file as for import, with its options; default: the store")
    add("--from", dest="begin", metavar="TIME", help="facts from here on (ISO 8601, UTC); default: the held-out part")
    add("--to", dest="end", metavar="TIME", help="readings before this time only; default: all")
    add("--stride", type=int, default=1, metavar="N", help="intervals between origins; default: 1")
    add("--peers", action="store_true", help="LightGBM and statsforecast too: minutes; without: ridge only")
    add("--json", type=Path, metavar="FILE", help="write every figure to a file")
    add("--out", type=Path, metavar="FOLDER", help="write three plots (PNG) there")
    add("--config", type=Path, default=CONFIG, metavar="FILE", help="configuration; default: gatecast.toml")
    add_table_options(parser, shown=False)


def run(options: argparse.Namespace) -> int:
    """Run the command.

    Returns:
        0; what goes wrong is raised.

    Raises:
        GatecastError: one line that says what to do.
    """
    from flows.progress import Show

    begin, end = moment("--from", options.begin), moment("--to", options.end)
    if begin is not None and end is not None and begin >= end:
        raise ConfigurationError(f"expected --from before --to; got {options.begin} and {options.end}")
    _check(options)
    show = Show()
    from edge.config.sections import Config
    from flows.output.backtest import draw, text
    from pipeline.backtest import run as work
    from pipeline.release.registry import Registry

    unconfigured = options.data is not None and options.config == CONFIG and not CONFIG.exists()
    config = Config() if unconfigured else trainer_config(options.config)
    bundles = work.open_bundles(options.bundle, Registry(Path(config.registry.path)), config.registry.channel)
    if not bundles:
        show.note(
            f"  channel {config.registry.channel} names nothing: only baselines and other methods are measured "
            "(for a bundle: gatecast retrain, or --bundle)"
        )
    with tempfile.TemporaryDirectory(prefix="gatecast-") as folder:
        with show.stage("history"):
            fleet = work.fleet_of(bundles, config.fleet)
            prepared = history(options.data, config, fleet, Path(folder), end, table_options(options))
            prepared = prepared if begin is None else work.begin_at(prepared, begin)
        notes = [*prepared.warnings, *work.remarks(prepared, bundles)]
        stride = work.widened(prepared, options.stride) if options.peers else options.stride
        if stride != options.stride:
            notes.append(f"--stride is {stride} instead of {options.stride}, because statsforecast fits every window anew")
        notes += work.thin(prepared, stride)
        for note in notes:
            show.note(f"  {note}")
        with show.stage("fit"):
            windows = work.origins_of(prepared, stride) * len(prepared.table.names)
            peers = work.fit_peers(prepared, peers=options.peers, windows=windows, told=show.advance)
        with show.stage("backtest"):
            chosen = work.entrants(prepared, bundles, peers)
            measured = work.measure(prepared, chosen, stride, notes)
        sys.stdout.write("\n".join([*text(measured), ""]))
        if options.json:
            from edge.files import replace_file
            from pipeline.backtest.figures import document

            replace_file(options.json, json.dumps(document(measured), indent=1).encode())
            sys.stdout.write(f"figures: {options.json}\n")
        if options.out:
            with show.stage("plots"):
                paths = draw(measured, chosen[0], options.out)
            sys.stdout.write("".join(f"plot: {path}\n" for path in paths))
    return 0


def _check(options: argparse.Namespace) -> None:
    """Refuse at once what would only fail after minutes."""
    if options.stride < 1:
        raise ConfigurationError(f"--stride must be at least 1 interval; got {options.stride}")
    check_written("--json", options.json)
    check_data(options.data)
    if options.out:
        try:
            options.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"--out {options.out}: {error.strerror}; name a folder") from error
