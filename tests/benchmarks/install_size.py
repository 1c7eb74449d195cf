"""Size of a base install: what pip puts into an empty environment, by package.

python tests/benchmarks/install_size.py [CHECKOUT]

pip and setuptools themselves are not counted; compiled .pyc files are, and named, as are tests
that packages bring: both can be removed by whoever has no room.
"""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path


def size(path: Path) -> int:
    """Bytes of a file or of all files in a folder."""
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file())


def main() -> None:
    """Install into a temporary environment and print the sizes."""
    checkout = sys.argv[1] if len(sys.argv) > 1 else str(Path(__file__).parents[2])
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        (site,) = Path(folder).glob("lib/python*/site-packages")
        before = set(site.iterdir())
        subprocess.run([python, "-m", "pip", "install", "--quiet", checkout], check=True)
        new = set(site.iterdir()) - before
        sizes = {path.name: size(path) for path in new}
        files = [file for path in new for file in path.rglob("*") if file.is_file()]
        parts = {
            "compiled (.pyc)": [file for file in files if file.suffix == ".pyc"],
            "tests": [file for file in files if "tests" in file.parts and file.suffix != ".pyc"],
            "libraries (.so, .a)": [file for file in files if {".so", ".a"} & {*file.suffixes}],
        }
        shares = {name: sum(map(size, some)) for name, some in parts.items()}
    print(f"all: {sum(sizes.values()) / 1e6:.0f} MB")
    for name, bytes_ in sorted(sizes.items(), key=lambda item: -item[1])[:24]:
        print(f"{bytes_ / 1e6:7.1f} MB  {name}")
    for name, bytes_ in shares.items():
        print(f"{bytes_ / 1e6:7.1f} MB of it {name}")


if __name__ == "__main__":
    main()
