"""Makes the table of energy and valence that ``melonnx train --head --artists`` learns from.

    python -m tests.benchmarks.mood_table PREVIEWS/tracks.csv OUT.csv

Of the column ``mood``: Q1 to Q4, the quadrants of Russell's circumplex (R. Panda and others, 2018).
The clusters C1 to C5 of the MIREX-like set (2013) are left out: with them valence is told less well
of the songs whose quadrant is known.
"""

import csv
import sys

SAYS = {"Q1": ("1", "1"), "Q2": ("1", "0"), "Q3": ("0", "0"), "Q4": ("0", "1")}
"""Energy and valence."""


def main(tracks: str, out: str) -> None:
    """Write the table."""
    with open(tracks, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with open(out, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["path", "artist", "energy", "valence"])
        for row in rows:
            table.writerow([row["path"], row["artist"], *SAYS.get(row["mood"], ("", ""))])
    print(f"{out}: {len(rows)} songs")


if __name__ == "__main__":
    main(*sys.argv[1:])
