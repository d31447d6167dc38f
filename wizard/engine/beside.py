"""The files that SQLite keeps beside a database that is in use."""

from __future__ import annotations

BESIDE = ("-wal", "-shm", "-journal")
"""What comes after the database's name."""
