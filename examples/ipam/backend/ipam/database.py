"""A bounded pool of MariaDB connections and the transactions that run on them."""

import queue
import time
from contextlib import contextmanager
from typing import Any, Callable, Iterator, Sequence, TypeVar

import pymysql
from pymysql.constants import ER
from pymysql.cursors import DictCursor

from .config import Settings
from .errors import unavailable

CHECKOUT_TIMEOUT_SECONDS = 10
CONNECT_TIMEOUT_SECONDS = 3
READ_TIMEOUT_SECONDS = 30
LOCK_WAIT_SECONDS = 10
DEADLOCK_ATTEMPTS = 5
TRUST_IDLE_SECONDS = 1.0

Result = TypeVar("Result")
Parameters = Sequence[Any]


class DuplicateKey(Exception):
    """A unique key refused a row; `key` is the name of that key."""

    def __init__(self, key: str):
        super().__init__(key)
        self.key = key


def _duplicate_key(error: pymysql.err.IntegrityError) -> DuplicateKey | None:
    code, message = error.args[:2]
    if code != ER.DUP_ENTRY:
        return None
    return DuplicateKey(message.rsplit("'", 2)[-2])


class Transaction:
    """Statements of one transaction; `Database.run` commits or rolls back."""

    def __init__(self, connection: pymysql.Connection):
        self._connection = connection

    def all(self, sql: str, parameters: Parameters = ()) -> list[dict]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

    def one(self, sql: str, parameters: Parameters = ()) -> dict | None:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchone()

    def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Run a statement and return the number of rows it affected."""
        with self._cursor() as cursor:
            return cursor.execute(sql, parameters)

    def execute_many(self, sql: str, rows: Sequence[Parameters]) -> int:
        with self._cursor() as cursor:
            return cursor.executemany(sql, rows) or 0

    def insert(self, sql: str, parameters: Parameters = ()) -> int:
        """Run an INSERT of one row and return its generated key."""
        with self._cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.lastrowid

    @contextmanager
    def _cursor(self) -> Iterator[DictCursor]:
        with self._connection.cursor() as cursor:
            try:
                yield cursor
            except pymysql.err.IntegrityError as error:
                duplicate = _duplicate_key(error)
                if duplicate is None:
                    raise
                raise duplicate from error


class Database:
    def __init__(self, settings: Settings):
        self._settings = settings
        self.size = settings.db_pool_size
        # Slots hold an idle connection with the time of its last use, or None
        # for a connection that is still to be opened. Last in, first out keeps
        # the busy connections warm.
        self._slots: queue.LifoQueue = queue.LifoQueue()
        for _ in range(self.size):
            self._slots.put(None)

    @property
    def in_use(self) -> int:
        return self.size - self._slots.qsize()

    def run(self, work: Callable[..., Result], *args: Any) -> Result:
        """Call work(transaction, *args) in a transaction; a deadlock victim runs again."""
        for attempt in range(1, DEADLOCK_ATTEMPTS + 1):
            try:
                with self._transaction() as transaction:
                    return work(transaction, *args)
            except pymysql.err.OperationalError as error:
                if error.args[0] == ER.LOCK_WAIT_TIMEOUT:
                    raise unavailable("busy", "The data is locked by another change.") from error
                if error.args[0] != ER.LOCK_DEADLOCK or attempt == DEADLOCK_ATTEMPTS:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def close(self) -> None:
        while not self._slots.empty():
            slot = self._slots.get_nowait()
            if slot:
                _discard(slot[0])

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        with self._connection() as connection:
            connection.begin()
            try:
                yield Transaction(connection)
                connection.commit()
            except BaseException:
                _roll_back(connection)
                raise

    @contextmanager
    def _connection(self) -> Iterator[pymysql.Connection]:
        try:
            slot = self._slots.get(timeout=CHECKOUT_TIMEOUT_SECONDS)
        except queue.Empty:
            raise unavailable("busy", "All database connections are in use.") from None
        connection = None
        try:
            connection = self._revive(slot) or self._connect()
            yield connection
        finally:
            usable = connection is not None and connection.open
            self._slots.put((connection, time.monotonic()) if usable else None)

    @staticmethod
    def _revive(slot: tuple | None) -> pymysql.Connection | None:
        if slot is None:
            return None
        connection, last_used = slot
        if time.monotonic() - last_used < TRUST_IDLE_SECONDS:
            return connection
        try:
            connection.ping(reconnect=False)
        except pymysql.err.Error:
            _discard(connection)
            return None
        return connection

    def _connect(self) -> pymysql.Connection:
        settings = self._settings
        return pymysql.connect(
            host=settings.db_host,
            port=settings.db_port,
            user=settings.db_user,
            password=settings.db_password,
            database=settings.db_name,
            charset="utf8mb4",
            cursorclass=DictCursor,
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            read_timeout=READ_TIMEOUT_SECONDS,
            write_timeout=READ_TIMEOUT_SECONDS,
            # Found rows, not changed rows: an UPDATE that sets the same values still hit.
            client_flag=pymysql.constants.CLIENT.FOUND_ROWS,
            # Correctness rests on explicit row locks and unique keys; read committed
            # lets a statement see what the lock it waited for was protecting.
            init_command=(
                "SET SESSION tx_isolation = 'READ-COMMITTED',"
                " time_zone = '+00:00',"
                " sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,"
                "ERROR_FOR_DIVISION_BY_ZERO',"
                f" innodb_lock_wait_timeout = {LOCK_WAIT_SECONDS}"
            ),
        )


def _roll_back(connection: pymysql.Connection) -> None:
    """Undo the transaction; a connection that cannot do that is not used again."""
    try:
        connection.rollback()
    except pymysql.err.Error:
        _discard(connection)


def _discard(connection: pymysql.Connection) -> None:
    try:
        connection.close()
    except (pymysql.err.Error, OSError):
        pass
