"""Tables of readings as people and machines write them: some known exports, and a generator of many more."""

from collections.abc import Iterable

from hypothesis import strategies as st

from edge.contract.columns import Readings, SeriesTable
from edge.tables.words import MISSING, SEPARATORS, SERIES_NAMES, TIME_NAMES, VALUE_NAMES
from tests.support.spellings import texts

# The readings 1.5 at 2026-01-15T12:00:00Z and -2 one hour later of the series `roof`, as they come out of many programs.
WRITTEN = {
    "ours": "series,time,value\nroof,2026-01-15T12:00:00Z,1.5\nroof,2026-01-15T13:00:00Z,-2\n",
    "semicolon": "time;roof\n2026-01-15 12:00:00;1.5\n2026-01-15 13:00:00;-2\n",
    "tab": "time\troof\n2026-01-15 12:00\t1.5\n2026-01-15 13:00\t-2.0\n",
    "names": "sensor,ts,value\nroof,1768478400,1.5\nroof,1768482000,-2\n",
    "other names": "ds,y,unique_id\n2026-01-15 12:00:00,1.5,roof\n2026-01-15 13:00:00,-2,roof\n",
    "utc": "Timestamp,Roof,roof\n2026-01-15 12:00:00 UTC,,1.5\n2026-01-15 13:00:00 UTC,n/a,-2\n",
    "missing words": "time,roof\n2026-01-15T12:00Z,1.5\n2026-01-15T12:30Z,n/a\n2026-01-15T12:45Z,-\n2026-01-15T13:00Z,-2\n",
    "home assistant": (
        "entity_id,state,last_changed\nroof,1.5,2026-01-15T12:00:00.000Z\nroof,unavailable,2026-01-15T12:10:00.000Z\n"
        "roof,unknown,2026-01-15T12:20:00.000Z\nroof,-2,2026-01-15T13:00:00.000Z\n"
    ),
    "windows": "\ufefftime,roof\r\n2026-01-15 12:00:00,1.5\r\n2026-01-15 13:00:00,-2\r\n",
    "quoted": '"time","roof"\n"2026-01-15 12:00:00+00:00","1.5"\n"2026-01-15 13:00:00+00:00","-2"\n',
    "empty lines": "\n\ntime,roof\n\n2026-01-15 12:00:00,1.5\n\n2026-01-15 13:00:00,-2\n\n\n",
    "short lines": "time,roof,yard\n2026-01-15 12:00:00,1.5\n2026-01-15 12:30:00\n2026-01-15 13:00:00,-2,\n",
    "no name for the time": "Zeit,roof\n2026-01-15 12:00:00,1.5\n2026-01-15 13:00:00,-2\n",
    "blanks": " time , roof \n 2026-01-15 12:00:00 , 1.5 \n 2026-01-15 13:00:00 , -2 \n",
}


def rows_of(names: SeriesTable, batches: Iterable[Readings]) -> list[tuple[str, int, float]]:
    """Series name, time and value of every reading, in the order given."""
    readings = Readings.concatenate(list(batches))
    rows = zip(readings.series.tolist(), readings.time.tolist(), readings.value.tolist(), strict=True)
    return [(names.names[series], time, value) for series, time, value in rows]


_BLANK = st.sampled_from(["", "", "", " ", "\u00a0", "\t "])
_NUMBERS = st.one_of(
    st.floats(width=32).map(repr),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(["1.", ".5", "+1", "1e5", "-1E+5", "007", "1e400", "inf", "-Infinity", "+NaN", "1e-400"]),
)
_MISSING = st.sampled_from([*MISSING, *(word.upper() for word in MISSING)])
_BAD_NUMBERS = st.sampled_from(["on", "12,5", "12.5 °C", "1_000", "0x10", "\u0662", "1e", ".", "--1", "1 2", "5V", "true"])
_GOOD_TIMES = st.sampled_from(["2026-01-15T12:00:00Z", "2026-01-15 12:00:00 UTC", "20260115T1200", "1768478400", "2026-01-15"])
_NAMES = st.one_of(st.sampled_from(["a", "b", "roof", "Roof", "nan", "1"]), st.text("abcü;,\"\n\t' ", max_size=5))


def _cell(text: str, separator: str, *, quote: bool) -> str:
    """A cell as a program writes it: in quotes where it must be, or where the program likes it so."""
    needed = any(character in text for character in (separator, '"', "\n", "\r", *SEPARATORS))
    return '"' + text.replace('"', '""') + '"' if quote or needed else text


@st.composite
def csv_texts(draw: st.DrawFn) -> str:
    """A table in the shape that the header says, with rows of which some may be wrong."""
    separator = draw(st.sampled_from(SEPARATORS))
    known = [draw(st.sampled_from(names)) for names in (TIME_NAMES, SERIES_NAMES, VALUE_NAMES)]
    long = draw(st.booleans())
    names = draw(st.permutations(known)) if long else [known[0], *draw(st.lists(_NAMES, min_size=1, max_size=4))]
    names = [*names, *draw(st.lists(_NAMES, max_size=draw(st.sampled_from([0, 0, 0, 2]))))]
    upper = draw(st.booleans())
    header = [draw(_BLANK) + (name.upper() if upper else name) + draw(_BLANK) for name in names]
    kinds = draw(st.sampled_from(["good", "good", "faulty"]))

    def cell(name: str) -> str:
        if name.strip().lower() in TIME_NAMES:
            return draw(st.one_of(_GOOD_TIMES, _GOOD_TIMES, texts, st.just("")) if kinds == "faulty" else _GOOD_TIMES)
        if long and name.strip().lower() in SERIES_NAMES:
            return draw(_NAMES if kinds == "faulty" else st.sampled_from(["a", "b", "c d", "e,f", 'g"h', "i\nj"]))
        good = st.one_of(_NUMBERS, _MISSING)
        return draw(st.one_of(good, good, good, _BAD_NUMBERS) if kinds == "faulty" else good)

    lines = [header]
    for _ in range(draw(st.integers(0, 12))):
        row = [draw(_BLANK) + cell(name) + draw(_BLANK) for name in header]
        shape = draw(st.sampled_from(["whole"] * 8 + ["short", "empty"] + ["long"] * (kinds == "faulty")))
        row = {"whole": row, "short": row[: draw(st.integers(1, len(row)))], "empty": [], "long": [*row, "1"]}[shape]
        lines.append(row)
    quote, end = draw(st.sampled_from([False, False, True])), draw(st.sampled_from(["\n", "\r\n"]))
    body = [separator.join(_cell(text, separator, quote=quote) for text in row) for row in lines]
    begin = draw(st.sampled_from(["", "", "\ufeff"])) + end * draw(st.sampled_from([0, 0, 1, 3]))
    return begin + end.join(body) + draw(st.sampled_from([end, end, "", end * 2]))
