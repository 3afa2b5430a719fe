"""Canonical forms of host names and MAC addresses."""

import re

from .errors import bad_request

HOSTNAME_MAX_LENGTH = 253
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_MAC_FORMS = (
    re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}"),
    re.compile(r"([0-9a-f]{2}-){5}[0-9a-f]{2}"),
    re.compile(r"([0-9a-f]{4}\.){2}[0-9a-f]{4}"),
    re.compile(r"[0-9a-f]{12}"),
)
_MAC_SEPARATORS = re.compile(r"[:.-]")


def normalise_hostname(text: str) -> str:
    name = text.strip().lower().rstrip(".")
    labels = name.split(".")
    if len(name) > HOSTNAME_MAX_LENGTH or not all(_LABEL.fullmatch(label) for label in labels):
        raise bad_request("bad_hostname", f"'{text}' is not a valid host name.", hostname=text)
    return name


def normalise_mac(text: str) -> str:
    mac = text.strip().lower()
    if not any(form.fullmatch(mac) for form in _MAC_FORMS):
        raise bad_request("bad_mac", f"'{text}' is not a MAC address.", mac=text)
    return _with_colons(_MAC_SEPARATORS.sub("", mac))


def mac_beginning(text: str) -> str | None:
    """The canonical form of the beginning of a MAC address, None if it cannot be one."""
    digits = _MAC_SEPARATORS.sub("", text.strip().lower())
    if not re.fullmatch(r"[0-9a-f]{4,12}", digits):
        return None
    return _with_colons(digits)


def _with_colons(digits: str) -> str:
    return ":".join(digits[i : i + 2] for i in range(0, len(digits), 2))
