"""What a look at a store means for whoever runs it. No I/O."""

from dataclasses import dataclass

from edge.checks.connected.clock import difference
from edge.checks.finding import Finding, Grade
from edge.contract.times import DAY, SECOND, format_duration
from edge.stores.looking.look import Look
from edge.stores.size import Size

HISTORY = 14 * DAY  # that a training should have beside a window


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the store is needed for.

    Args:
        windows: time that the windows of the live bundle look back, ns; 0 where none is live here.
        window: time that a window of the fleet looks back, ns.
        keep: `[store] keep`, ns; None where it is left out.
    """

    windows: int
    window: int
    keep: int | None = None

    @property
    def history(self) -> int:
        """Time that a training should find in the store, ns."""
        return HISTORY + max(self.window, self.windows)


def findings(look: Look, wanted: Wanted) -> list[Finding]:
    """What was looked at, one line each."""
    if look.trouble is not None:
        return [Finding("store", look.trouble, Grade.WRONG)]
    results = [Finding("store", look.product), *_rights(look)]
    if look.organisation:
        results.append(Finding("organisation", look.organisation))
    if look.keep is not None or look.reads is None:
        results.append(_retention(look, wanted))
    if look.ahead is not None:
        results.append(_clock(look.ahead))
    if look.fault is not None:
        advice = "end all programs that use the file, and restore it from a copy or move it away"
        results.append(Finding("file", f"it is damaged ({look.fault}): {advice}", Grade.WRONG))
    elif look.size is not None and look.reads is None:
        results.append(_size(look.size))
    return results


def _rights(look: Look) -> list[Finding]:
    """Whether rows can be written and read."""
    advice = f"; {look.advice}" if look.advice else ""
    if look.size is None and look.product.startswith("SQLite"):
        return [Finding("file", "there is none yet; it is made at the first write, and its folder can be written")]
    rights = []
    if look.writes is None:
        rest = f"; {look.remains}" if look.remains else ", and deleted again"
        rights.append(Finding("write", f"a row was written{rest}"))
    else:
        rights.append(Finding("write", f"{look.writes}{advice}", Grade.WRONG))
    if look.reads is None:
        rights.append(Finding("read", "the row was read back" if look.writes is None else "rows can be read"))
    else:
        # The command is said once.
        rights.append(Finding("read", look.reads + ("" if look.writes is not None else advice), Grade.WRONG))
    return rights


def _retention(look: Look, wanted: Wanted) -> Finding:
    is_file = look.product.startswith("SQLite")
    keep = (wanted.keep or 0) if is_file else look.keep
    if keep is None:
        return Finding("retention", f"not known: {look.untold}", Grade.WARNING)
    if not keep:
        unset = "everything is kept; [store] keep limits that" if is_file else "everything is kept"
        return Finding("retention", unset)
    container = "database" if look.product.startswith(("InfluxDB 1.", "InfluxDB 3.")) else "bucket"
    kept, setting = format_duration(keep), "[store] keep" if is_file else f"the retention of the {container}"
    if keep < wanted.windows:
        least = format_duration(wanted.windows)
        return Finding(
            "retention", f"{kept} is shorter than the windows of the live bundle ({least}): make {setting} longer", Grade.WRONG
        )
    if keep < wanted.history:
        least = format_duration(wanted.history)
        text = f"{kept} is short: a training should find two weeks and a window, {least}: make {setting} longer"
        return Finding("retention", text, Grade.WARNING)
    return Finding("retention", f"rows are kept for {kept}")


def _clock(ahead: float) -> Finding:
    apart = difference(ahead)
    if apart is None:
        return Finding("clock", "the server's clock agrees with this machine's")
    text = f"the server's clock is {apart} this machine's; let a time service such as chrony set both"
    return Finding("clock", text, Grade.WARNING)


def _size(size: Size) -> Finding:
    if size.shrinks or not size.file:
        return Finding("size", size.words)
    return Finding(
        "size",
        f"{size.words}; the file gives no free pages back, as an earlier version or another program made it: "
        "`gatecast store vacuum` writes it anew once, also while an agent runs",
        Grade.WARNING if size.free > size.file // 4 else Grade.OK,
    )


def document(look: Look, results: list[Finding]) -> dict[str, object]:
    """The same as JSON types; absent is null."""
    size = None if look.size is None else {"file": look.size.file, "log": look.size.log, "free": look.size.free}
    return {
        "ok": all(finding.grade is not Grade.WRONG for finding in results),
        "store": look.product or None,
        "writes": look.trouble is None and look.writes is None,
        "reads": look.trouble is None and look.reads is None,
        "organisation": look.organisation or None,
        "keep_seconds": None if look.keep is None else look.keep / SECOND,
        "clock_ahead_seconds": look.ahead,
        "bytes": size,
        "checks": [{"subject": f.subject, "text": f.text, "grade": f.grade.name.lower()} for f in results],
    }
