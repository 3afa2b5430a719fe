"""Private servers for the tests: MariaDB, Redis and the backend, each on a free loopback port."""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Callable, Iterator

import httpx
import pymysql
import redis

BACKEND = Path(__file__).resolve().parents[1]
PROJECT = BACKEND.parent
MIGRATIONS = PROJECT / "migrations"
SEEDS = PROJECT / "seeds"

READY_SECONDS = 30
POLL_SECONDS = 0.05

DB_NAME = "ipam"
DB_USER = "ipam"
DB_PASSWORD = "database-password-of-the-tests"
REDIS_PASSWORD = "redis-password-of-the-tests"
ADMIN_PASSWORD = "admin-password-of-the-tests"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A server process that is ready when `is_ready` says so."""

    def __init__(
        self,
        argv: list[str],
        is_ready: Callable[[], bool],
        log: Path,
        user: str | None = None,
        env: dict | None = None,
    ):
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                argv, stdout=output, stderr=subprocess.STDOUT, user=user, env=env, cwd=BACKEND
            )
        try:
            self._wait_for(is_ready)
        except BaseException:
            self.stop(signal.SIGKILL)
            raise

    def _wait_for(self, is_ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"server did not become ready:\n{self._log.read_text()[-4000:]}")
            time.sleep(POLL_SECONDS)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        if self._process.poll() is None:
            self._process.send_signal(how)
        return self._process.wait(timeout=READY_SECONDS)


def server_user(name: str) -> str | None:
    """Servers refuse or should not run as root: use their own account then."""
    return name if os.geteuid() == 0 else None


def private_directory(user: str | None) -> Path:
    path = Path(tempfile.mkdtemp(prefix="ipam-test-"))
    if user:
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid)
    return path


class MariaDB:
    def __init__(self) -> None:
        user = server_user("mysql")
        self._directory = private_directory(user)
        self._socket = self._directory / "sock"
        self.port = free_port()
        data = self._directory / "data"
        subprocess.run(
            [
                "mariadb-install-db",
                "--no-defaults",
                f"--datadir={data}",
                "--skip-test-db",
                "--force",  # also on a machine whose own name cannot be looked up
                "--auth-root-authentication-method=normal",
                *([f"--user={user}"] if user else []),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        self._process = Process(
            [
                "/usr/sbin/mariadbd",
                "--no-defaults",
                f"--datadir={data}",
                f"--socket={self._socket}",
                "--bind-address=127.0.0.1",
                f"--port={self.port}",
                "--skip-name-resolve",
                f"--tmpdir={self._directory}",
                "--innodb-flush-log-at-trx-commit=0",
            ],
            self._answers,
            self._directory / "log",
            user,
        )
        with self.root() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {DB_NAME} CHARACTER SET utf8mb4")
            cursor.execute(f"CREATE USER {DB_USER}@'%%' IDENTIFIED BY %s", (DB_PASSWORD,))
            cursor.execute(f"GRANT ALL ON {DB_NAME}.* TO {DB_USER}@'%'")

    def root(self, database: str | None = None) -> pymysql.Connection:
        return pymysql.connect(
            unix_socket=str(self._socket), user="root", database=database, autocommit=True
        )

    def query(self, sql: str, parameters: tuple = ()) -> list[tuple]:
        with self.root(DB_NAME) as connection, connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

    def run_script(self, path: Path) -> None:
        with self.root(DB_NAME) as connection, connection.cursor() as cursor:
            for statement in statements(path.read_text(encoding="utf-8")):
                cursor.execute(statement)

    def migrate(self, direction: str) -> None:
        scripts = sorted(MIGRATIONS.glob(f"*.{direction}.sql"), reverse=direction == "down")
        for script in scripts:
            self.run_script(script)

    def stop(self) -> None:
        self._process.stop()
        shutil.rmtree(self._directory)

    def _answers(self) -> bool:
        try:
            self.root().close()
        except pymysql.err.OperationalError:
            return False
        return True


def statements(script: str) -> Iterator[str]:
    """Split a script the way the migration runner may: comment lines away, then at semicolons."""
    without_comments = re.sub(r"^--.*$", "", script, flags=re.MULTILINE)
    for statement in without_comments.split(";"):
        if statement.strip():
            yield statement


class RedisServer:
    """Started through the script of the project, so that its access rules are tested as well."""

    def __init__(self) -> None:
        user = server_user("redis")
        self._directory = private_directory(user)
        self.port = free_port()
        secret = self._directory / "secret"
        secret.write_text(REDIS_PASSWORD + "\n")
        if user:
            os.chown(secret, pwd.getpwnam(user).pw_uid, -1)
        self._process = Process(
            [
                "sh",
                str(PROJECT / "redis" / "start.sh"),
                *("--port", str(self.port)),
                *("--bind", "127.0.0.1"),
            ],
            self._answers,
            self._directory / "log",
            user,
            {
                "PATH": os.environ["PATH"],
                "REDIS_PASSWORD_FILE": str(secret),
                "REDIS_RUN_DIR": str(self._directory),
                "REDIS_DATA_DIR": str(self._directory),
                "REDIS_CONFIG": str(PROJECT / "redis" / "redis.conf"),
            },
        )

    def client(self, user: str = "default", password: str = REDIS_PASSWORD) -> redis.Redis:
        return redis.Redis(port=self.port, username=user, password=password, decode_responses=True)

    def stop(self) -> None:
        self._process.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            return bool(self.client().ping())
        except redis.ConnectionError:
            return False


class Backend:
    """The backend under uvicorn, as another process sees it."""

    def __init__(
        self, mariadb: MariaDB, redis_server: RedisServer, workers: int = 1, **overrides: str
    ):
        self._directory = private_directory(None)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._log = self._directory / "log"
        self._process = Process(
            [
                *("/usr/bin/python3", "-m", "uvicorn", "ipam.main:app"),
                *("--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)),
                *("--proxy-headers", "--forwarded-allow-ips", "*", "--no-server-header"),
            ],
            self._answers,
            self._log,
            None,
            backend_environment(mariadb, redis_server, **overrides),
        )

    def stop(self) -> None:
        self._process.stop()
        shutil.rmtree(self._directory)

    def log_lines(self) -> list[str]:
        return self._log.read_text().splitlines()

    def login(self, username: str, password: str, client: str = "192.0.2.1") -> httpx.Response:
        return httpx.post(
            f"{self.url}/api/auth/login",
            json={"username": username, "password": password},
            headers={"X-Forwarded-For": client},
        )

    def session(self, username: str, password: str, client: str = "192.0.2.1") -> httpx.Client:
        """A client of the API with the token of a fresh login."""
        token = accepted(self.login(username, password, client))["access_token"]
        return httpx.Client(
            base_url=f"{self.url}/api",
            headers={"Authorization": f"Bearer {token}"},
            limits=httpx.Limits(max_connections=100),
            timeout=30,
        )

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/api/health").status_code == 200
        except httpx.TransportError:
            return False


def backend_environment(
    mariadb: MariaDB, redis_server: RedisServer, **overrides: str
) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "IPAM_DB_HOST": "127.0.0.1",
        "IPAM_DB_PORT": str(mariadb.port),
        "IPAM_DB_NAME": DB_NAME,
        "IPAM_DB_USER": DB_USER,
        "IPAM_DB_PASSWORD": DB_PASSWORD,
        "IPAM_REDIS_HOST": "127.0.0.1",
        "IPAM_REDIS_PORT": str(redis_server.port),
        "IPAM_REDIS_USER": "ipam",
        "IPAM_REDIS_PASSWORD": REDIS_PASSWORD,
        "IPAM_JWT_SECRET": "a-signing-key-that-is-used-by-tests-only",
        "IPAM_ADMIN_PASSWORD": ADMIN_PASSWORD,
        "IPAM_VERSION": "test",
        **overrides,
    }


def accepted(response: httpx.Response) -> dict:
    """The body of an answer that must be a success."""
    assert response.is_success, f"{response.status_code}: {response.text}"
    return response.json()


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Status and code of an answer that must be a refusal."""
    assert response.is_error, f"{response.status_code}: {response.text}"
    return response.status_code, response.json()["detail"]["code"]
