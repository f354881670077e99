"""`gatecast demo`: the whole way on recorded data."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.options import add_table_options, table_options
from flows.options import Commands, add_command, check_data, check_written

if TYPE_CHECKING:
    from flows.processes.servers import Server
    from flows.progress import Show


def add_parser(commands: Commands) -> None:
    """Add `demo` to the commands."""
    text = "show the whole way on recorded data, in minutes"
    description = (
        f"{text.capitalize()}. Train, release, stream, forecast, compare. Exit code 1 where a reading or a forecast was lost "
        "or doubled, or where no network beats the baselines on the weather."
    )
    parser = add_command(commands, "demo", run, text, description, grace=0.0)
    add = parser.add_argument
    add("--data", type=Path, metavar="FILE", help="your own file, as import takes it; default: a year of hourly weather")
    add(
        "--store",
        metavar="URL",
        help="sqlite:///FILE or influxdb://host:8086/bucket?org=my-org, with the token in GATECAST_INFLUX_TOKEN; "
        "default: a file in the working folder",
    )
    add("--folder", type=Path, default=Path("gatecast-demo"), help="working folder, made anew; default: gatecast-demo")
    add("--json", type=Path, metavar="FILE", help="write the figures to a file as JSON")
    add("--no-open", action="store_true", help="do not open the report in a browser")
    add("--serve", action="store_true", help="show the page while the stream runs, and afterwards until Ctrl-C")
    add_table_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the demo, write its report, print its summary.

    Returns:
        0; 1 where something was lost or doubled, or no network beats the baselines on the shipped weather.

    Raises:
        GatecastError: one line that says what to do.
    """
    from flows.progress import CURRENT, Show

    check_written("--json", options.json)
    check_data(options.data)
    show = Show()
    CURRENT.set(show)
    with show.stage("start"):
        from flows.retraining.quiet import keep_prefect_quiet

        keep_prefect_quiet()
        from flows.demo.folder import prepare_folder
        from flows.processes.servers import check_broker

        check_broker()
        if options.serve:
            from flows.demo.page import check_page

            check_page()
        folder = prepare_folder(options.folder)
        from flows.demo.report import write_report
        from flows.demo.run import run as run_demo  # takes seconds, so it belongs to the stage
        from flows.output.demo import demo_document, print_demo, write_plot

    show.note(f"  working folder: {folder}")
    is_shown = not options.no_open and sys.stdout.isatty()
    pages: list[Server] = []

    def serve(config: Path) -> None:
        if options.serve:
            pages.append(_page(config, folder / "page.log", show, is_shown=is_shown))

    table = table_options(options)
    demo = run_demo(folder, data=options.data, table=table, store_url=options.store, show=show, ready=serve)
    write_plot(demo)
    write_report(demo)
    if options.json:
        options.json.write_text(json.dumps(demo_document(demo), indent=2), encoding="utf-8")
    print_demo(demo)
    if pages:
        from flows.demo.page import stay_open

        print("the page stays open; Ctrl-C ends it", flush=True)
        stay_open(pages[0])
    elif is_shown:
        import webbrowser

        webbrowser.open(demo.report.as_uri())
    return demo.code


def _page(config: Path, log: Path, show: "Show", *, is_shown: bool) -> "Server":
    """Start the page, tell its address, and open it where somebody looks."""
    import webbrowser

    from flows.demo.page import start_page

    server, address = start_page(config, log)
    show.note(f"  the page: {address}")
    if is_shown:
        webbrowser.open(address)
    return server
