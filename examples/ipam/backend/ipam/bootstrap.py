"""The first administrator, created as soon as the database is ready for it."""

import logging
import threading

import pymysql

from . import accounts
from .errors import ApiError
from .security import hash_password
from .services import Services

logger = logging.getLogger("ipam.bootstrap")
RETRY_SECONDS = 1.0


class FirstAdmin:
    """Tries in the background until it knows that an account exists.

    The database may come up after this process, and its schema later still;
    until then `/api/health` answers that the application is not ready.
    """

    def __init__(self, services: Services):
        self._services = services
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="first-admin", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def _run(self) -> None:
        settings = self._services.settings
        password_hash = hash_password(settings.admin_password)
        last_problem = None
        while not self._stop.is_set():
            try:
                created = self._services.database.run(
                    accounts.create_first_admin, settings.admin_user, password_hash
                )
            except (pymysql.err.Error, ApiError) as error:
                if str(error) != last_problem:
                    last_problem = str(error)
                    logger.warning("database not ready", extra={"fields": {"error": last_problem}})
                self._stop.wait(RETRY_SECONDS)
                continue
            if created:
                logger.info(
                    "first administrator created",
                    extra={"fields": {"username": settings.admin_user}},
                )
            return
