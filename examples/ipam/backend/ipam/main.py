"""Entry point for uvicorn: `uvicorn ipam.main:app`."""

import sys

from .app import create_app
from .config import ConfigurationError, Settings

try:
    settings = Settings.from_environment()
except ConfigurationError as error:
    sys.exit(f"ipam: {error}")

app = create_app(settings)
