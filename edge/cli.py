"""`gatecast-agent`: the command on the device."""

import argparse
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from edge.commands.exit_codes import guarded
from edge.quoting import one_line

EXAMPLES = """\
exit codes: 0 done, 1 failed, 2 wrong use or configuration, 130 Ctrl-C

examples:
  gatecast-agent check --config gatecast.toml
  gatecast-agent run --config gatecast.toml
  gatecast-agent replay readings.csv --bundle 20261122T154500Z-gru-1a2b3c4d
"""
FILE_TEXT = "CSV: series,time,value, or time and one column per series; times in ISO 8601 (without a zone: UTC) or Unix time"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave with its exit code."""
    sys.exit(run(sys.argv[1:] if arguments is None else list(arguments)))


def run(arguments: Sequence[str]) -> int:
    """Run the command.

    Returns:
        0 done, 1 failed, 2 wrong use or configuration.
    """
    options = _parser().parse_args(arguments)
    command = {"run": _run, "check": _check, "replay": _replay}[options.command]
    return guarded("gatecast-agent", lambda: command(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gatecast-agent",
        description="Forecast sensors next to the sensors: MQTT in; readings, forecasts, scores out.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="run | check | replay")
    for name, text, json_text in (
        ("run", "consume the stream until SIGTERM or Ctrl-C", "log lines as JSON, one object each, on standard error"),
        ("check", "validate configuration and bundle, without touching the network", "print the result as one JSON object"),
    ):
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        _add_config(command)
        command.add_argument("--json", action="store_true", help=json_text)
    replay = commands.add_parser(
        "replay",
        help="turn a CSV of readings into forecasts, without broker and store",
        description="Turn a CSV of readings into forecasts on standard output, through the code that runs live.",
    )
    replay.add_argument("file", type=Path, metavar="FILE", help=FILE_TEXT)
    replay.add_argument("--bundle", type=Path, metavar="FOLDER", help="of a bundle; default: what [release] channel names")
    _add_config(replay)
    replay.add_argument("--json", action="store_true", help="one JSON object per forecast instead of CSV")
    replay.add_argument("--last", action="store_true", help="the newest forecast of each series only")
    return parser


def _add_config(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--config", type=Path, default=Path("gatecast.toml"), metavar="FILE", help="configuration; default: gatecast.toml"
    )


def _logger(*, as_json: bool) -> logging.Logger:
    form = '{"time": "%(asctime)s", "event": %(message)s}' if as_json else "%(asctime)s %(message)s"
    logging.basicConfig(format=form, level=logging.INFO, stream=sys.stderr)
    return logging.getLogger("gatecast")


def _run(options: argparse.Namespace) -> int:
    from edge.agent.heartbeat import notifier  # noqa: PLC0415
    from edge.agent.locking import alone_in  # noqa: PLC0415
    from edge.agent.loop import Agent  # noqa: PLC0415 - `--help` and wrong options answer at once
    from edge.agent.stopping import GRACE, ends_within  # noqa: PLC0415
    from edge.config import read_config  # noqa: PLC0415
    from edge.messages.message import Address  # noqa: PLC0415
    from edge.messages.mqtt import Subscriber  # noqa: PLC0415
    from edge.stores.store import open_store  # noqa: PLC0415

    config = read_config(options.config)
    logger = _logger(as_json=options.json)
    subscriber = Subscriber(
        Address.parse(config.mqtt.url),
        config.mqtt.client_id,
        [rule.build().filter for rule in config.ingest],
        password=config.mqtt.password(),
        keepalive=config.mqtt.keepalive,
    )

    def log(text: str) -> None:
        logger.info("%s", json.dumps(text) if options.json else one_line(text))

    with alone_in(Path(config.agent.state)):
        agent = Agent(config, open_store(config.store.url, config.store.token_file), subscriber, log=log, notify=notifier())
        signals = (signal.SIGTERM, signal.SIGINT)
        for number in signals:
            signal.signal(number, lambda *_: agent.stop())

        def give_up() -> None:
            log(f"the agent hangs and does not stop within {GRACE:.0f} s; it is ended, nothing acknowledged is lost")
            os._exit(1)

        with ends_within(GRACE, signals, give_up):
            agent.run()
        log("stopped")
    return 0


def _check(options: argparse.Namespace) -> int:
    from edge.commands.check import check  # noqa: PLC0415

    findings = check(options.config)
    failed = max((finding.code for finding in findings), default=0)
    if options.json:
        print(json.dumps({"ok": failed == 0, "checks": [finding.document() for finding in findings]}))
        return failed
    for finding in findings:
        print(f"{'ok   ' if not finding.code else 'WRONG'} {finding.subject}: {finding.text}")
    return failed


def _replay(options: argparse.Namespace) -> int:
    from edge.commands.replay import replay  # noqa: PLC0415

    return replay(options.file, options.config, options.bundle, as_json=options.json, last=options.last, out=sys.stdout)


if __name__ == "__main__":
    main()
