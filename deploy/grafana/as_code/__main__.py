"""`make dashboards`: write everything that Grafana reads below `deploy/grafana` anew."""

import sys
from pathlib import Path

from as_code.files import GRAFANA, written


def main(folder: Path) -> None:
    """Write the files that differ, and say which.

    Args:
        folder: folder that Grafana's files are in.
    """
    for name, text in written().items():
        path = folder / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            print(f"written: {path}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else GRAFANA)
