"""What a look at the live error has shown, as text for a person and as JSON for a program."""

from dataclasses import dataclass

from rich.console import Console

from edge.contract.times import iso
from edge.quoting import counted
from flows.output.tables import known, rich_table
from pipeline.judging.drift import Look
from pipeline.report.page import Grid

HEADERS = ("intervals ahead", "error beside backtest", "live / naive", "backtest / naive")


@dataclass(frozen=True, slots=True)
class Monitored:
    """What a look has shown.

    Args:
        fleet: name of the fleet.
        time: time of the look, ns UTC.
        model: version that is live; empty where nothing is.
        since: time at which it went live, ns UTC; 0 where nothing is live.
        look: the live error beside the expected one; None where nothing can be compared.
        problem: reason why nothing can be compared, or None.
        rests_until: end of the time for which no further retraining is asked for, ns UTC; 0 where there is no such time.
        raised: whether this look has asked for a retraining.
    """

    fleet: str
    time: int
    model: str = ""
    since: int = 0
    look: Look | None = None
    problem: str | None = None
    rests_until: int = 0
    raised: bool = False

    @property
    def drifted(self) -> bool:
        """Whether the live error is worse than the backtest promised."""
        return self.look is not None and self.look.drifted

    @property
    def asks(self) -> bool:
        """Whether a retraining is due."""
        return self.drifted and self.time >= self.rests_until


def leads_grid(look: Look) -> Grid:
    """The error at each lead: beside that of the backtest, and beside the seasonal-naive error, live and in the backtest."""
    return Grid(
        HEADERS,
        tuple(
            (str(lead), f"{growth - 1:+.1%}", f"{live:.3f}", f"{due:.3f}")
            for lead, growth, live, due in zip(
                look.leads, look.growth.tolist(), look.live.tolist(), look.expected.tolist(), strict=True
            )
        ),
    )


def monitored_line(monitored: Monitored) -> str:
    """One line: whether the live error is as promised, and what follows."""
    look = monitored.look
    if monitored.problem is not None or look is None:
        return f"nothing to compare: {monitored.problem}"
    basis = f"{look.series} series, {counted(look.blocks, 'day')}"
    figures = f"error {look.excess:+.1%} beside the backtest, statistic {look.statistic:.1f} ({basis})"
    if not monitored.drifted:
        rule = look.rule
        return f"no drift of {monitored.model}: {figures}; drift is above {rule.margin:+.0%} and {rule.threshold:g}"
    if monitored.raised:
        follows = "a retraining is started"
    elif monitored.asks:
        follows = "retrain: gatecast retrain, or let gatecast serve do it"
    else:
        follows = f"no further retraining before {iso(monitored.rests_until)}"
    return f"drift of {monitored.model}: {figures}; {follows}"


def monitored_text(monitored: Monitored) -> str:
    """The line and the table of leads, for the terminal."""
    console = Console(highlight=False)
    with console.capture() as captured:
        if monitored.look is not None and monitored.problem is None:
            console.print("error of the model beside that of its backtest, and as a multiple of the naive error:")
            console.print(rich_table(leads_grid(monitored.look)))
        console.print(monitored_line(monitored), markup=False, soft_wrap=True)
    return captured.get().rstrip()


def monitored_document(monitored: Monitored) -> dict[str, object]:
    """The same as data."""
    look = monitored.look
    compared = look is not None and monitored.problem is None
    return {
        "fleet": monitored.fleet,
        "model": monitored.model or None,
        "since": iso(monitored.since) if monitored.since else None,
        "problem": monitored.problem,
        "drifted": monitored.drifted,
        "statistic": known(look.statistic) if look is not None and compared else None,
        "threshold": None if look is None else look.rule.threshold,
        "live_error": known(look.live_error) if look is not None and compared else None,
        "expected_error": known(look.expected_error) if look is not None and compared else None,
        "excess": known(look.excess) if look is not None and compared else None,
        "series": 0 if look is None else look.series,
        "days": 0 if look is None else look.blocks,
        "leads": [] if look is None or not compared else _leads(look),
        "rests_until": iso(monitored.rests_until) if monitored.rests_until else None,
    }


def _leads(look: Look) -> list[dict[str, object]]:
    columns = zip(look.leads, look.growth.tolist(), look.live.tolist(), look.expected.tolist(), strict=True)
    return [
        {"lead": lead, "growth": known(growth), "live": known(live), "expected": known(due)}
        for lead, growth, live, due in columns
    ]
