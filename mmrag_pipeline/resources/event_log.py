"""Dagster's SQLite event log with connections that stay open.

Dagster's own class makes an engine per statement: each is compiled anew, and each closing
folds SQLite's log into the database and waits for the disk. That is most of the time of a
run that has nothing to do.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Self

from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, create_engine
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

_BUSY_TIMEOUT_S = 30


class QuickEventLog(ConsolidatedSqliteEventLogStorage):
    """One database for all runs and one pool of connections for all its statements.

    It syncs at checkpoints only. With a write-ahead log that is safe against a killed
    process; a power cut may lose the last events of a run's history, never our own state.
    """

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData, config_value: Mapping[str, str]
    ) -> Self:
        """Return the log of the instance folder `base_dir`, beside Dagster's runs."""
        return cls(str(Path(config_value["base_dir"]) / "history"), inst_data)

    def dispose(self) -> None:
        """Close the connections, then what Dagster's class holds."""
        self._engine.dispose()
        super().dispose()  # type: ignore[no-untyped-call]  # Dagster leaves it untyped

    @cached_property
    def _engine(self) -> Engine:
        engine = create_engine(self._conn_string, connect_args={"timeout": _BUSY_TIMEOUT_S})
        event.listen(engine, "connect", _relax)
        return engine

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        with self._engine.begin() as connection:
            yield connection


def _relax(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()
