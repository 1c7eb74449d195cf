"""What the page takes at most: of a file, of an upload, of the machine."""

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """The defaults suit a small machine; all are options of ``melonnx demo``."""

    file_mb: int = 50
    """Of one file, in MB of 2^20 bytes, as the browser counts them."""
    files: int = 20
    """Of one upload."""
    minutes: float = 10.0
    """Of each song, from its start, that are listened to."""
    queue: int = 40
    """Requests that wait; further ones are refused."""
    concurrency: int = 2
    """Requests that are worked on at a time."""
    keep_minutes: float = 60.0
    """For which an upload can be played and asked about; then it is removed."""

    def __post_init__(self) -> None:
        if min(self.file_mb, self.files, self.minutes, self.concurrency, self.keep_minutes) <= 0:
            raise ValueError(f"{self} must all be positive")
        if self.queue < 1:
            raise ValueError(f"queue={self.queue} must be 1 or more")

    @property
    def file_bytes(self) -> int:
        """Bytes of one file."""
        return self.file_mb << 20

    @property
    def upload_bytes(self) -> int:
        """Bytes of one upload: its files, and what their headers need."""
        return self.files * (self.file_bytes + 10_000)
