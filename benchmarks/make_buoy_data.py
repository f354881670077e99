"""Make the sea-temperature history of one buoy from the bokeh_sampledata wheel: a series no model can forecast much.

    python benchmarks/make_buoy_data.py bokeh_sampledata-2026.1-py3-none-any.whl buoy.csv

writes columns `time` (UTC) and `sea_temperature` (°C), every half hour from 2016-02-15 to 2017-03-22.
"""

import argparse
import gzip
import zipfile
from pathlib import Path

MEMBER = "bokeh_sampledata/_data/sea_surface_temperature.csv.gz"


def main() -> None:
    """Write the file and say what is in it."""
    parser = argparse.ArgumentParser(description="Make the history of the NERACOOS buoy B01 from the bokeh_sampledata wheel.")
    parser.add_argument("wheel", type=Path, help="bokeh_sampledata wheel")
    parser.add_argument("target", type=Path, help="CSV file to write")
    arguments = parser.parse_args()
    with zipfile.ZipFile(arguments.wheel) as wheel:
        text = gzip.decompress(wheel.read(MEMBER)).decode("utf-8")
    rows = text.strip().split("\n")[1:]
    arguments.target.write_text("\n".join(["time,sea_temperature", *rows, ""]), "utf-8")
    print(f"{arguments.target}: {len(rows)} rows")


if __name__ == "__main__":
    main()
