"""Personal data to look for: checked by kind when it is read. No message here repeats a value."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gdsi_audit.declarations._checks import Check, Wrong
from gdsi_audit.declarations._network_checks import mac

KINDS = ("imei", "imsi", "mac", "serial", "email", "phone", "ssid", "gps", "advertising_id", "account", "text")

SHORTEST_TEXT = 4
"""Shorter text occurs by chance in nearly every capture."""

_NUMBER = r"[+-]?\d{1,3}(?:\.\d{1,12})?"
_GPS = re.compile(rf"({_NUMBER})\s*,\s*({_NUMBER})", re.ASCII)
_ADVERTISING_ID = re.compile(r"[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")


def checked(kind: str, value: str) -> str:
    """`value` in the form that a search wants. Raises Wrong, without the value, when it is not of its kind."""
    return str(_CHECKS.get(kind, _long_enough)(value if kind in ("text", "ssid") else value.strip()))


def _imei(value: str) -> str:
    """15 digits whose last is the check digit of ISO/IEC 7812-1 (Luhn), as 3GPP TS 23.003 asks."""
    digits = re.sub(r"[\s/-]", "", value)
    if not re.fullmatch(r"\d{15}", digits, re.ASCII):
        raise Wrong("must be an IMEI of 15 digits")
    doubled = [int(digit) * (1 + index % 2) for index, digit in enumerate(digits)]
    if sum(digit - 9 if digit > 9 else digit for digit in doubled) % 10:
        raise Wrong("must be an IMEI: its check digit is wrong")
    return digits


def _imsi(value: str) -> str:
    if not re.fullmatch(r"\d{14,15}", value, re.ASCII):
        raise Wrong("must be an IMSI of 14 or 15 digits")
    return value


def _mac(value: str) -> str:
    try:
        return mac(value)
    except Wrong:
        raise Wrong("must be a MAC address such as 02:00:00:00:00:50") from None


def _email(value: str) -> str:
    if not _EMAIL.fullmatch(value):
        raise Wrong("must be an e-mail address")
    return value


def _phone(value: str) -> str:
    digits = re.sub(r"[\s()/.-]", "", value)
    if not re.fullmatch(r"\+?\d{7,15}", digits, re.ASCII):
        raise Wrong("must be a telephone number of 7 to 15 digits (E.164)")
    return digits


def _ssid(value: str) -> str:
    if not 1 <= len(value.encode()) <= 32:
        raise Wrong("must be a network name of 1 to 32 bytes (IEEE 802.11)")
    return value


def _gps(value: str) -> str:
    found = _GPS.fullmatch(value)
    if not found or abs(float(found[1])) > 90 or abs(float(found[2])) > 180:
        raise Wrong('must be "latitude,longitude" in degrees')
    return f"{found[1]},{found[2]}"


def _advertising_id(value: str) -> str:
    if not _ADVERTISING_ID.fullmatch(value):
        raise Wrong("must be an advertising id: 32 hexadecimal digits as 8-4-4-4-12")
    return value


def _long_enough(value: str) -> str:
    if len(value.strip()) < SHORTEST_TEXT:
        raise Wrong(f"must have at least {SHORTEST_TEXT} characters: shorter text occurs by chance")
    return value


_CHECKS: Mapping[str, Check] = {
    "imei": _imei,
    "imsi": _imsi,
    "mac": _mac,
    "email": _email,
    "phone": _phone,
    "ssid": _ssid,
    "gps": _gps,
    "advertising_id": _advertising_id,
}
