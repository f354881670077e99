"""How people and machines write a time: a list of spellings, and a generator of many more."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from edge.contract.times import SECOND

NOON = 1_768_478_400 * SECOND  # 2026-01-15T12:00:00Z
MIDNIGHT = NOON - 43_200 * SECOND
# Each spelling with its moment in ns UTC, or None where it is refused.
SPELLINGS: dict[str, int | None] = {
    "2026-01-15T12:00:00Z": NOON,
    "2026-01-15T12:00:00z": NOON,
    "2026-01-15t12:00:00Z": NOON,
    "2026-01-15 12:00:00": NOON,
    "2026-01-15 12:00:00Z": NOON,
    "2026-01-15 12:00:00 Z": NOON,
    "2026-01-15 12:00:00 UTC": NOON,
    "2026-01-15 12:00:00UTC": NOON,
    "2026-01-15 12:00:00 utc": NOON,
    "2026-01-15T12:00": NOON,
    "2026-01-15 12": NOON,
    "2026-01-15T12Z": NOON,
    "2026-01-15T12:00:00+00:00": NOON,
    "2026-01-15 12:00:00 +0000": NOON,
    "2026-01-15 13:00:00+01": NOON,
    "2026-01-15T17:30:00+05:30": NOON,
    "2026-01-15T04:00:00-0800": NOON,
    "2026-01-14T23:30:00-12:30": NOON,
    "2026-01-15T12:00:00.5Z": NOON + SECOND // 2,
    "2026-01-15T12:00:00,5": NOON + SECOND // 2,
    "2026-01-15 12:00:00.123456+00:00": NOON + 123_456_000,
    "2026-01-15T12:00:00.123456789Z": NOON + 123_456_789,
    "2026-01-15T12:00:00.1234567899999Z": NOON + 123_456_789,
    "2026-01-15T12:00:00.123456789 UTC": NOON + 123_456_789,
    "20260115T120000Z": NOON,
    "20260115 120000": NOON,
    "20260115T1200": NOON,
    "20260115T12:00:00": NOON,
    "2026-01-15": MIDNIGHT,
    "20260115": MIDNIGHT,
    " 2026-01-15 12:00:00\t": NOON,
    "\u00a02026-01-15\u00a0": MIDNIGHT,
    "1768478400": NOON,
    "+1768478400": NOON,
    "1768478400.5": NOON + SECOND // 2,
    "1768478400.": NOON,
    "1.7684784e9": NOON,
    "1768478400000": NOON,
    "1768478400000.5": NOON + 500_000,
    "1768478400000000": NOON,
    "1768478400000000001": NOON + 1,
    "2000-01-01": 946_684_800 * SECOND,
    "2000-01-01T00:30+01:00": None,
    "1999-12-31T23:59:59.999999999Z": None,
    "2100-01-01T00:59:59+01:00": 4_102_444_799 * SECOND,
    "2100-01-01": None,
    "1900-01-01": None,
    "2250-01-01T00:00:00Z": None,
    "9999-12-31T23:59:59-23:59": None,
    "0001-01-01T00:00:00+23:59": None,
    "0": None,
    "-1768478400": None,
    "946684799": None,
    "4102444800": None,
    "99999999999999999999": None,
    "1e308": None,
    "nan": None,
    "inf": None,
    "1_768_478_400": None,
    "\u0662\u0660\u0662\u0666-01-15": None,
    "": None,
    "now": None,
    "12:00": None,
    "15.01.2026 12:00": None,
    "01/15/2026": None,
    "2026/01/15 12:00:00": None,
    "2026-1-15": None,
    "2026-01": None,
    "2026-W03-4": None,
    "2026-015": None,
    "2026-02-30": None,
    "2026-13-01": None,
    "2026-01-15T24:00:00": None,
    "2026-01-15T12:60:00": None,
    "2026-01-15T23:59:60Z": None,
    "2026-01-15T12:00:00.Z": None,
    "2026-01-15T12:00.5": None,
    "2026-01-15_12:00:00": None,
    "2026-01-15  12:00:00": None,
    "2026-01-15Z": None,
    "2026-01-15T12:00:00 CET": None,
    "2026-01-15T12:00:00+24:00": None,
    "2026-01-15T12:00:00\nZ": None,
    "2026-01-15T12:00:00." + "0" * 60 + "Z": None,
    "20260115120000": None,
}

_MOMENTS = st.one_of(
    st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)),  # noqa: DTZ001 - the zone is part of the spelling
    st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)),  # noqa: DTZ001
    st.sampled_from([datetime(2000, 1, 1), datetime(2100, 1, 1), datetime(1970, 1, 1), datetime(2024, 2, 29)]),  # noqa: DTZ001
)
_DATES = st.sampled_from(["%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%m/%d/%Y", "%Y-%j", "%G-W%V-%u", "%Y-%m"])
_CLOCKS = st.sampled_from(["%H:%M:%S", "%H%M%S", "%H:%M", "%H%M", "%H", "%I:%M %p"])
_FRACTIONS = st.one_of(st.just(""), st.builds("{}{}".format, st.sampled_from(".,"), st.text("0123456789", max_size=12)))
_ZONES = st.one_of(
    st.sampled_from(["", "Z", "z", " Z", " UTC", "UTC", " utc", " GMT", " CET", "+00", "+24:00", "-0800", " +0100"]),
    st.builds(
        "{}{:02}{}{:02}".format,
        st.sampled_from(["+", "-", " +"]),
        st.integers(0, 25),
        st.sampled_from([":", ""]),
        st.integers(0, 60),
    ),
)
_AROUND = st.sampled_from(["", "", "", " ", "\t", "\u00a0", "\x1c", "\u2003", "\x85"])


def _year(moment: datetime, pattern: str) -> str:
    """As `strftime`, with a year of four digits, which some C libraries shorten."""
    return moment.strftime(pattern.replace("%Y", f"{moment.year:04}"))


iso_texts = st.builds(
    "{0}{1}{2}{3}{4}{5}{0}".format,
    _AROUND,
    st.builds(_year, _MOMENTS, _DATES),
    st.sampled_from(["T", " ", "t", "_", "  ", ""]),
    st.builds(_year, _MOMENTS, _CLOCKS),
    _FRACTIONS,
    _ZONES,
)
zoned_texts = st.builds(
    lambda moment, east, separator: (
        moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(minutes=east))).isoformat(separator)
    ),
    st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)),  # noqa: DTZ001
    st.integers(-14 * 60, 14 * 60),
    st.sampled_from("T "),
)
unix_numbers = st.one_of(
    st.builds(
        lambda number, scale: number * scale,
        st.one_of(st.integers(946_684_000, 4_102_445_000), st.floats(9e8, 4.2e9), st.integers(-(10**11), 10**11)),
        st.sampled_from([1, 1_000, 1_000_000, 1_000_000_000]),
    ),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
)
unix_texts = st.builds("{0}{1}{2}{0}".format, _AROUND, st.sampled_from(["", "", "+"]), unix_numbers.map(repr))


@st.composite
def _damaged(draw: st.DrawFn) -> str:
    """A spelling with one character left out, doubled or replaced."""
    text = draw(st.one_of(iso_texts, zoned_texts, unix_texts, st.sampled_from([*SPELLINGS])))
    position = draw(st.integers(0, len(text)))
    other = draw(st.sampled_from(["", "0", "9", "-", ":", " ", "T", "Z", "+", ".", "e", "_", "\n", "\u0662"]))
    return text[:position] + other + text[position + draw(st.integers(0, 1)) :]


texts = st.one_of(iso_texts, zoned_texts, unix_texts, _damaged(), st.sampled_from([*SPELLINGS]), st.text(max_size=70))
