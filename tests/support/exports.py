"""Files of readings as the usual programs export them, with what they hold. Made by hand after the public formats."""

from dataclasses import dataclass, field

from edge.contract.times import SECOND, parse_time
from edge.tables.options import NO_OPTIONS, TableOptions
from tests.support.spellings import NOON

HOUR = 3600 * SECOND
Rows = list[tuple[str, int, float]]
UTC = "times that name no zone are taken as UTC (--timezone NAME changes that)"
BERLIN = "times that name no zone are taken as Europe/Berlin"
COMMA = "numbers have a decimal comma"


@dataclass(frozen=True, slots=True)
class Export:
    """A file and what it holds.

    Args:
        name: program and variant.
        content: bytes of the file.
        rows: series, time in ns UTC and value of its readings.
        notes: sentences that are said about it.
        options: options that a user has to give for it.
    """

    name: str
    content: bytes
    rows: Rows
    notes: list[str] = field(default_factory=list)
    options: TableOptions = NO_OPTIONS


def _two(name: str, first: float = 1.5, second: float = -2.0, shift: int = 0) -> Rows:
    """Two readings of a series, at noon and an hour later."""
    return [(name, NOON + shift * HOUR, first), (name, NOON + HOUR + shift * HOUR, second)]


ANNOTATIONS = (
    "#group,false,false,true,true,false,false,true,true,true\n"
    "#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,{kind},string,string,string\n"
    "#default,_result,,,,,,,,\n"
)
NAMES = ",result,table,_start,_stop,_time,_value,_field,_measurement,{tag}\n"
ROW = ",,{table},2026-01-15T00:00:00Z,2026-01-16T00:00:00Z,2026-01-15T{hour}:00:00Z,{value},{field},{measurement},{tag}\r\n"


def _table(kind: str, measurement: str, values: tuple[str, str], text: str = ANNOTATIONS) -> str:
    """A table of InfluxDB with two rows: of Telegraf, or of Home Assistant where the measurement is a unit."""
    tag, cell, column = ("host", "pi", "usage") if measurement == "cpu" else ("entity_id", "boiler", "value")
    rows = (
        ROW.format(table=0, hour=12 + place, value=value, field=column, measurement=measurement, tag=cell)
        for place, value in enumerate(values)
    )
    return (text + NAMES).format(kind=kind, tag=tag) + "".join(rows) + "\r\n"


CPU, BOILER = _table("double", "cpu", ("1.5", "-2")), _table("double", "°C", ("20", "21"))
NS = str(NOON)
LATER = str(NOON + HOUR)

EXPORTS = [
    Export(
        "Home Assistant",
        b"entity_id,state,last_changed\nsensor.boiler,1.5,2026-01-15T12:00:00.000Z\nsensor.boiler,unavailable,2026-01-15T12:10:00.000Z\n"
        b"binary_sensor.door,on,2026-01-15T12:00:00.000Z\nsensor.boiler,-2,2026-01-15T13:00:00.000Z\nbinary_sensor.door,off,"
        b"2026-01-15T13:00:00.000Z\nsensor.boiler,unknown,2026-01-15T14:00:00.000Z\n",
        _two("sensor.boiler"),
        ["states that are no numbers, left out: 2, first line 4"],
    ),
    Export(
        "InfluxDB, annotated, several tables",
        (CPU + _table("string", "state", ("warm", "cold")) + BOILER).encode(),
        [*_two("cpu.pi.usage"), *_two("boiler", 20, 21)],
        ["rows of values that are texts, left out: 2, first line 12"],
    ),
    Export("InfluxDB, without annotations", _table("", "cpu", ("1.5", "-2"), "").encode(), _two("cpu.pi.usage")),
    Export(
        "InfluxDB 1, command line",
        f'name,tags,time,value\ncpu,"host=pi,region=eu",{NS},1.5\ncpu,"host=pi,region=eu",{LATER},-2\nname,time,idle,user\n'
        f"mem,{NS},1.5,7\nmem,{LATER},-2,\n".encode(),
        [*_two("cpu.pi.eu"), *_two("mem.idle"), ("mem.user", NOON, 7.0)],
    ),
    Export(
        "InfluxDB 1, command line, SELECT *",
        f"name,time,host,idle,topic,user\nmem,{NS},pi,1.5,a/b2,7\nmem,{LATER},pi,-2,a/b2,\n".encode(),
        [*_two("mem.pi.a/b2.idle"), ("mem.pi.a/b2.user", NOON, 7.0)],
    ),
    Export(
        "Grafana, formatted values of one unit",
        '"Time","Büro","Keller"\n2026-01-15T12Z,1.5 °C,45%\n2026-01-15T13Z,-2 °C,\n2026-01-15T14Z,,46%\n'.encode(),
        [*_two("Büro"), ("Keller", NOON, 45.0), ("Keller", NOON + 2 * HOUR, 46.0)],
        ["units behind the numbers are left out: '°C' of 'Büro', '%' of 'Keller'"],
    ),
    Export(
        "Grafana, series to rows",
        f"Time,Metric,Value\n{NOON // 10**6},roof,1.5\n{(NOON + HOUR) // 10**6},roof,-2\n".encode(),
        _two("roof"),
    ),
    Export("pandas, melted", b"time,variable,value\n2026-01-15T12Z,roof,1.5\n2026-01-15T13Z,roof,-2\n", _two("roof")),
    Export(
        "Grafana, series joined by time",
        'sep=;\r\n"Time";"Büro";"Keller °C"\r\n2026-01-15 12:00:00;1.5;\r\n2026-01-15 13:00:00;-2;7\r\n'.encode(),
        [*_two("Büro", shift=-1), ("Keller °C", NOON, 7.0)],
        [BERLIN],
        TableOptions(timezone="Europe/Berlin"),
    ),
    Export(
        "Grafana, one row per value",
        b'sep=;\n"Series";"Time";"Value"\nroof;2026-01-15T12:00:00+00:00;1.5\nroof;2026-01-15T13:00:00+00:00;-2\nroof;2026-01-15T14:00:00+00:00;null\n',
        _two("roof"),
    ),
    Export(
        "pandas, statsforecast",
        b",unique_id,ds,y\n0,roof,2026-01-15 12:00:00,1.5\n1,roof,2026-01-15 13:00:00,-2.0\n",
        _two("roof"),
        ["column 1 counts the rows, and is left out", UTC],
    ),
    Export("pandas, index of times", b",roof\n2026-01-15 12:00:00,1.5\n2026-01-15 13:00:00,-2.0\n", _two("roof"), [UTC]),
    Export(
        "German spreadsheet",
        "Datum;Uhrzeit;Dach\n15.01.2026;12:00;1,5\n15.01.2026;13:00;-2\n".encode("cp1252"),
        _two("Dach", shift=-1),
        [COMMA, BERLIN],
        TableOptions(time_format="%d.%m.%Y %H:%M", timezone="Europe/Berlin"),
    ),
    Export(
        "German spreadsheet with points between thousands",
        b"Zeit;Dach\n2026-01-15T12Z;1.234,5\n2026-01-15T13Z;-2.000\n",
        _two("Dach", 1234.5, -2000.0),
        [COMMA],
    ),
    Export(
        "numbers that may be thousands",
        b"Zeit;Dach\n2026-01-15T12Z;1.234\n2026-01-15T13Z;-2.000\n",
        _two("Dach", 1.234),
        ["numbers such as 1.234 have a decimal point (--decimal-comma: it stands between thousands)"],
    ),
    Export(
        "the same, thousands by declaration",
        b"Zeit;Dach\n2026-01-15T12Z;1.234\n2026-01-15T13Z;-2.000\n",
        _two("Dach", 1234.0, -2000.0),
        [],
        TableOptions(decimal_comma=True),
    ),
    Export(
        "English and Swiss marks between thousands",
        b'time,roof,cellar\n2026-01-15T12Z,"1,234.5",1\'234.5\n2026-01-15T13Z,-2,-2\n',
        [*_two("roof", 1234.5), *_two("cellar", 1234.5)],
    ),
    Export(
        "data logger: titles above the names, units below",
        b'"TOA5","CR1000","CR1000","7"\n"TIMESTAMP","roof"\n"TS","Deg C"\n"","Avg"\n'
        b'"2026-01-15 12:00:00",1.5\n"2026-01-15 13:00:00",-2\n',
        _two("roof"),
        ["1 line above the names of the columns, left out", "2 lines of words below the names, left out: TS, Deg C", UTC],
    ),
    Export(
        "logger after a loss of power, a comma behind every row",
        b"Device:,Logger 5\r\rtime,roof\r2026-01-15T12Z,1.5,\r\0\0\0\0\r2026-01-15T13Z,-2,\r\0\0\0",
        _two("roof"),
        ["2 lines above the names of the columns, left out"],
    ),
    Export("UTF-16 without a mark", "time,roof\n2026-01-15T12Z,1.5\n2026-01-15T13Z,-2\n".encode("utf-16-le"), _two("roof")),
    Export(
        "French spreadsheet, text of Windows",
        "horodatage;température\n15/01/2026 12:00;1,5\n15/01/2026 13:00;-2,0\n".encode("cp1252"),
        _two("température"),
        ["the text is not UTF-8, and is read as that of Western Windows (cp1252)", COMMA, UTC],
        TableOptions(time_format="%d/%m/%Y %H:%M"),
    ),
    Export(
        "English spreadsheet",
        b"time,roof\n1/15/2026 12:00 PM,1.5\n1/15/2026 1:00 PM,-2\n",
        _two("roof"),
        [UTC],
        TableOptions(time_format="%m/%d/%Y %I:%M %p"),
    ),
    Export(
        "Unicode text of Excel", "time\troof\n2026-01-15T12:00Z\t1.5\n2026-01-15T13:00Z\t-2\n".encode("utf-16"), _two("roof")
    ),
    Export(
        "parts of a time",
        b"No,year,month,day,hour,roof\n1,2026,1,15,12,1.5\n2,2026,1,15,13,-2\n",
        _two("roof"),
        ["column 1 ('No') counts the rows, and is left out", UTC],
    ),
    Export("date and time of day", b"date,time,roof\n2026-01-15,12:00,1.5\n2026-01-15,13:00,-2\n", _two("roof"), [UTC]),
    Export(
        "logger without names",
        b"1768478400,nan,1.5,nan\n1768482000,nan,-2,nan\n",
        _two("b"),
        [],
        TableOptions(columns=("time", "a", "b", "c")),
    ),
    Export(
        "logger with comments",
        b"# v2, serial 7\n# cellar\ntime,roof\n1768478400000,1.5\n# restart\n1768482000000,-2\n",
        _two("roof"),
    ),
    Export(
        "words for missing values",
        b"time,roof\n2026-01-15T12:00Z,1.5\n2026-01-15T12:30Z,Bad\n2026-01-15T12:40Z,#N/A\n2026-01-15T13:00Z,-2\n",
        _two("roof"),
        [],
        TableOptions(missing=("bad", "#N/A")),
    ),
    Export(
        "days of Excel",
        b"time,roof\n46037.500000,1.5\n46037.541667,-2\n",
        _two("roof"),
        [UTC],
        TableOptions(time_format="excel"),
    ),
    Export(
        "hours in digits",
        b"time;roof\n2026011512;1.5\n2026011513;-2\n",
        _two("roof"),
        [UTC],
        TableOptions(time_format="%Y%m%d%H"),
    ),
    Export(
        "a host beside the values",
        b"time,host,temp,hum\n2026-01-15T12:00Z,pi,1.5,\n2026-01-15T13:00Z,pi,-2,7\n",
        [*_two("pi.temp"), ("pi.hum", NOON + HOUR, 7.0)],
        [],
        TableOptions(series=("host",)),
    ),
    Export(
        "the hour that does not exist",
        b"time,roof\n2026-03-29 01:30,1\n2026-03-29 02:30,2\n2026-03-29 03:30,3\n",
        [("roof", parse_time("2026-03-29T00:30"), 1.0), ("roof", parse_time("2026-03-29T01:30"), 3.0)],
        [
            BERLIN,
            "times that do not exist in Europe/Berlin, as clocks are put forward then, left out: 1, first 2026-03-29T02:30:00",
        ],
        TableOptions(timezone="Europe/Berlin"),
    ),
]
