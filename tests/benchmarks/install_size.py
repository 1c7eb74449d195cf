"""Size of a base install: what pip puts into an empty environment, by package.

python tests/benchmarks/install_size.py [CHECKOUT]

pip and setuptools themselves are not counted; compiled .pyc files are.
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
        sizes = {path.name: size(path) for path in set(site.iterdir()) - before}
    print(f"all: {sum(sizes.values()) / 1e6:.0f} MB")
    for name, bytes_ in sorted(sizes.items(), key=lambda item: -item[1])[:10]:
        print(f"{bytes_ / 1e6:7.1f} MB  {name}")


if __name__ == "__main__":
    main()
