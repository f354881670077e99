"""Markdown tables from the rows of `benchmarks/accuracy.py`.

    python benchmarks/accuracy_tables.py rows.jsonl --markdown tables.md

Of two rows that answer the same question the later one counts. Where `retrain` would choose (of cells, by the validation part)
the row of its choice is there too, and a peer has the window that is better on the validation part.
"""

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from accuracy_published import GIFT as GIFT_PUBLISHED
from accuracy_published import WHOLE as WHOLE_PUBLISHED
from accuracy_published import Published
from accuracy_rows import Gift, Row, Rows, Short, Whole, read_rows

from edge.forecaster.baselines import BASELINES

Some = TypeVar("Some", bound=Row)
PEERS = ("ridge", "lightgbm")
OURS = "gatecast"
CHOICE = "gatecast, the cell that `retrain` chooses"


def newest(rows: Iterable[Rows]) -> list[Rows]:
    """Of all rows that answer the same question the last one, in the order of the first."""
    kept: dict[tuple[object, ...], Rows] = {}
    for row in rows:
        history = (row.weeks, row.live) if isinstance(row, Short) else ()
        window = row.window if row.method in PEERS else None
        key = (type(row), row.set, row.horizon, row.method, row.cell, row.design, row.members, row.seed, window, *history)
        kept[key] = row
    return list(kept.values())


def chosen(rows: Iterable[Some]) -> list[Some]:
    """The row with the least error on the validation part, for each seed."""
    best: dict[int | None, Some] = {}
    for row in rows:
        other = best.get(row.seed)
        if other is None or (row.validation or 0.0) < (other.validation or 0.0):
            best[row.seed] = row
    return list(best.values())


def methods(rows: Sequence[Some]) -> dict[str, list[Some]]:
    """The rows of one set by what a table calls the method: baselines, peers, then networks; one row for each seed."""
    named: dict[str, list[Some]] = {}
    for name in BASELINES:
        if some := [row for row in rows if row.method == name]:
            named[name] = some
    for name in PEERS:
        if some := chosen(row for row in rows if row.method == name):
            named[f"{name}, window {some[0].window}"] = some
    rest = [row for row in rows if row.method not in (*BASELINES, *PEERS)]
    ours = [row for row in rest if row.method == OURS]
    if len({(row.cell, row.design) for row in ours}) > 1:
        named[CHOICE] = chosen(ours)
    for row in rest:
        named.setdefault(label(row), []).append(row)
    return named


def label(row: Row) -> str:
    """What a table calls the method of a row."""
    text = row.method
    if row.cell is not None:
        text += f": {row.cell}" + (f" {row.design}" if row.design else "") + f", window {row.window}"
        text += f", {row.members} members" if row.members > 1 else ""
    return text


def spread(values: Iterable[float | None], digits: int) -> str:
    """Mean ± standard deviation over the seeds."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    return f"{np.mean(known):.{digits}f}" + (f" ± {np.std(known, ddof=1):.{digits}f}" if len(known) > 1 else "")


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table of Markdown."""
    rows = [head, ["---"] * len(head), *lines]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in rows)


def groups(rows: Iterable[Some], key: Callable[[Some], tuple[str, int]]) -> dict[tuple[str, int], list[Some]]:
    """Rows by a key, in their order."""
    grouped: dict[tuple[str, int], list[Some]] = {}
    for row in rows:
        grouped.setdefault(key(row), []).append(row)
    return grouped


def _costs(rows: Sequence[Row]) -> tuple[str, str]:
    sizes = [row.size / 1000 for row in rows if row.size]
    seconds = [row.seconds for row in rows if row.seconds is not None]
    return f"{np.mean(sizes):.0f}" if sizes else "-", f"{np.mean(seconds):.0f} s" if seconds else "-"


def _seeds(rows: Sequence[Row]) -> str:
    return "-" if rows[0].seed is None else str(len(rows))


def _published(figures: Sequence[Published], name: str, horizon: int) -> list[Published]:
    return [each for each in figures if (each.set, each.horizon) == (name, horizon)]


def whole_table(rows: Sequence[Whole]) -> str:
    """Every method on every set and horizon."""
    lines = []
    for (name, horizon), some in groups(rows, lambda row: (row.set, row.horizon)).items():
        for method, group in methods(some).items():
            fields = [
                spread([getattr(row, field) for row in group], digits)
                for field, digits in (("mse", 4), ("mae", 4), ("weighted_quantile_loss", 4), ("coverage", 3))
            ]
            lines.append([name, str(horizon), method, _seeds(group), *fields, *_costs(group)])
        lines += [
            [name, str(horizon), f"{each.method} (published)", "-", f"{each.first:g}", f"{each.second:g}", *["-"] * 4]
            for each in _published(WHOLE_PUBLISHED, name, horizon)
        ]
    head = (
        "set",
        "horizon",
        "method",
        "seeds",
        "MSE",
        "MAE",
        "weighted quantile loss",
        "80 % interval holds",
        "kB",
        "training",
    )
    return table(head, lines)


def summary_table(rows: Sequence[Whole]) -> str:
    """One line per set and horizon: MSE / MAE of ours, of each peer, of the best baseline in hindsight, and of others."""
    lines = []
    for (name, horizon), some in groups(rows, lambda row: (row.set, row.horizon)).items():
        ours = chosen(row for row in some if row.method == OURS)
        peers = [chosen(row for row in some if row.method == peer) for peer in PEERS]
        naive = sorted((row for row in some if row.method in BASELINES), key=lambda row: row.mae)
        best = sorted(_published(WHOLE_PUBLISHED, name, horizon), key=lambda each: each.first)
        cells = [_both(group) for group in (ours, *peers)]
        cells.append(f"{_both(naive[:1])} ({naive[0].method})" if naive else "-")
        cells.append(f"{best[0].first:.3f} / {best[0].second:.3f} ({best[0].method})" if best else "-")
        rivals = [group[0].mae for group in peers if group]
        ahead = f"{np.mean([row.mae for row in ours]) / min(rivals) - 1:+.1%}" if ours and rivals else "-"
        lines.append([name, str(horizon), *cells, ahead])
    head = (
        "set",
        "horizon",
        "gatecast",
        "ridge",
        "lightgbm",
        "best baseline in hindsight",
        "best published",
        "MAE against peers",
    )
    return table(head, lines)


def _both(rows: Sequence[Whole]) -> str:
    return f"{np.mean([row.mse for row in rows]):.3f} / {np.mean([row.mae for row in rows]):.3f}" if rows else "-"


def short_table(rows: Sequence[Short]) -> str:
    """Mean skill after short histories: of all sets, then of each set."""
    sets = list(dict.fromkeys(row.set for row in rows))
    lines = []
    for weeks in sorted({row.weeks for row in rows}):
        for method in dict.fromkeys(row.method for row in rows):
            group = [row for row in rows if (row.weeks, row.method) == (weeks, method)]
            if not group:
                continue
            each = [[row.skill for row in group if row.set == name] for name in sets]
            released = [row.forecaster == "network" for row in group if row.forecaster is not None]
            lines.append(
                [
                    str(weeks),
                    method,
                    str(len(group)),
                    *(_mean(skills, "+.3f") for skills in ([row.skill for row in group], *each)),
                    _mean([row.coverage for row in group], ".3f"),
                    _mean(released, ".0%") if method == "gate" else "-",
                ]
            )
    head = ("weeks", "method", "runs", "skill", *sets, "80 % interval holds", "networks let out")
    return table(head, lines)


def _mean(values: Iterable[float | None], form: str) -> str:
    known = [value for value in values if value is not None]
    return format(np.mean(known), form) if known else "-"


def gift_table(rows: Sequence[Gift]) -> str:
    """Every method on GIFT-Eval's windows."""
    lines = []
    for (name, horizon), some in groups(rows, lambda row: (row.set, row.horizon)).items():
        for method, group in methods(some).items():
            fields = [spread([getattr(row, field) for row in group], 4) for field in ("weighted_quantile_loss", "mase")]
            lines.append([name, str(horizon), method, _seeds(group), *fields, *_costs(group)])
        lines += [
            [name, str(horizon), f"{each.method} (published)", "-", f"{each.first:g}", f"{each.second:g}", "-", "-"]
            for each in _published(GIFT_PUBLISHED, name, horizon)
        ]
    return table(("set", "horizon", "method", "seeds", "weighted quantile loss", "MASE", "kB", "training"), lines)


def conversion_table(rows: Sequence[Whole]) -> str:
    """What conversion costs: the network in Keras, and how much the error of each file differs."""
    lines = []
    for row in rows:
        if row.conversion is None or row.method != OURS:
            continue
        base, files = row.conversion.network, row.conversion.files
        shares = [f"{files[name] / base - 1:+.3%}" if name in files else "-" for name in ("float32", "float16", "int8")]
        lines.append([row.set, row.cell or "-", str(row.seed), f"{base:.5f}", *shares, row.precision or "-"])
    return table(("set", "cell", "seed", "Keras", "float32", "float16", "int8", "released"), lines)


def tables(rows: Iterable[Rows]) -> str:
    """All tables that the rows are enough for, and where they come from."""
    kept = newest(rows)
    whole = [row for row in kept if isinstance(row, Whole)]
    parts = []
    if whole:
        parts += ["## Whole sets, MSE / MAE", summary_table(whole), "## Whole sets, every method", whole_table(whole)]
        if any(row.conversion for row in whole):
            parts += ["## What conversion costs", conversion_table(whole)]
    if short := [row for row in kept if isinstance(row, Short)]:
        parts += ["## Short histories", short_table(short)]
    if gift := [row for row in kept if isinstance(row, Gift)]:
        parts += ["## GIFT-Eval", gift_table(gift)]
    if kept:
        commits = ", ".join(dict.fromkeys(row.commit or "unknown" for row in kept))
        loads = [row.load for row in kept]
        parts.append(f"Commit {commits}; load of the machine {min(loads):g} to {max(loads):g}.\n")
    return "\n".join(parts)


def main() -> None:
    """Print or write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="+", type=Path, help="files that accuracy.py has written")
    parser.add_argument("--markdown", type=Path, help="file for the tables; default: they are printed")
    options = parser.parse_args()
    text = tables(read_rows(options.rows))
    if options.markdown:
        options.markdown.write_text(text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
