"""This machine's clock: whether a time service sets it, and how far it is from that of a server."""

from edge.checks.finding import Finding, warning, wrong
from edge.clock.clocks import CLOCKS, Clocks
from edge.clock.trust import BUILT
from edge.contract.times import UNITS, format_duration, iso

ADVICE = "let a time service set it: timedatectl set-ntp true, or install chrony"
ROUGH = 600  # seconds from which a difference is told in minutes
AGREES = 5.0  # seconds that two clocks may differ; a Date has whole ones


def check_clock(clocks: Clocks = CLOCKS) -> list[Finding]:
    """Whether a time service keeps it right."""
    now = clocks.now()
    if now < BUILT:
        return [wrong("clock", f"it says {iso(now)}: it was never set", ADVICE)]
    if clocks.synchronised():
        return [Finding("clock", f"{iso(now)}, and a time service keeps it right")]
    return [warning("clock", f"{iso(now)}, and no time service is known to set it", ADVICE)]


def difference(ahead: float) -> str | None:
    """How far another clock is from ours, in words; None where the two agree.

    Args:
        ahead: seconds by which the other one is ahead.
    """
    if abs(ahead) <= AGREES:
        return None
    way = "ahead of" if ahead > 0 else "behind"
    size = f"{abs(ahead):.0f} s" if abs(ahead) < ROUGH else format_duration(round(abs(ahead) / 60) * UNITS["min"])
    return f"{size} {way}"
