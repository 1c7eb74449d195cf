"""Says that an extra is missing before anything is read; to import what is there takes seconds."""

from importlib.util import find_spec

__all__ = ["require_installed"]


def require_installed(package: str) -> None:
    """Raises ModuleNotFoundError, of which the command makes the line that names the extra."""
    if find_spec(package) is None:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)
