"""Log-ins tried again and again: by what servers said of them where that is readable, else by many short sessions alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.detectors._exchanges import exchanges
from gdsi_audit.detectors._from_flows import ends
from gdsi_audit.detectors._probes import fruitless
from gdsi_audit.detectors._rhythm import spread
from gdsi_audit.protocols._dialogue import Credentials
from gdsi_audit.tables.columns import Columns
from gdsi_audit.traffic import DeviceTraffic

SERVICES = {"ssh": "SSH", "ftp": "FTP", "telnet": "Telnet", "rdp": "remote desktop", "smb": "SMB", "vnc": "VNC"}
PORTS = {
    21: "FTP", 22: "SSH", 23: "Telnet", 139: "SMB", 389: "LDAP", 445: "SMB", 1433: "SQL", 2222: "SSH", 2323: "Telnet", 3306: "SQL",
    3389: "remote desktop", 5432: "SQL", 5900: "VNC", 5985: "remote management", 8291: "router management",
}  # fmt: skip
REFUSALS = {"ftp": ("530", "430", "532"), "smtp": ("535", "534"), "pop": ("-ERR",), "imap": ("NO",)}
"""Reply codes that refuse a log-in (RFC 959, RFC 4954, RFC 1939, RFC 9051)."""
REFUSED_BY_HTTP = (401, 407)
SLOWEST_GUESS_S = 10.0
"""Between guesses, where only haste tells them from one wrong password: HTTP Digest looks new every time (RFC 7616), and secrets are not kept."""
POOLED = frozenset({"FTP", "SQL", "LDAP", "SMB", "remote management"})
"""Services to which programs hold many short sessions at once, by their nature; what FTP refuses is read."""
FEWEST_DIFFERENT = 3
"""Users or lengths of passwords that were tried."""
LONGEST_SESSION_S, MOST_SESSION_BYTES = 90.0, 12_000
"""What a session that only tried to log in stays below, each way."""
SCHEDULED_SPREAD = 0.25
MOST_SPREAD = 0.6
"""Range of the bytes sent over their median: sessions that only differ in the password are alike."""


class Guessing(NamedTuple):
    """Log-ins at one service of one host."""

    address: str
    service: str
    tries: int
    lasted_s: float
    rows: NDArray[np.intp]
    """Positions of the flows."""
    at_once: int
    """How many of the sessions were open together at most: a script runs one after the other."""
    regular: bool
    """Whether they came at a fixed interval, as what is scheduled does: a question of its own (`beaconing`)."""


def refused(traffic: DeviceTraffic, *, fewest: int) -> Iterator[Guessing]:
    """Log-ins of the device that servers refused in words."""
    yield from _in_dialogues(traffic, fewest)
    if "http" in traffic.messages:
        yield from _by_http(traffic, fewest)


def _in_dialogues(traffic: DeviceTraffic, fewest: int) -> Iterator[Guessing]:
    """Refusals in FTP and mail. A stored password that is no longer right is refused too: it comes at leisure, and is always the same."""
    flows = traffic.tables.flows
    tries: dict[tuple[str, str], list[int]] = defaultdict(list)
    shown: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for one in exchanges(traffic, *REFUSALS):
        body, protocol = one.message.body, one.message.protocol
        key = str(flows["remote_addr"][one.row]), protocol
        if one.sent and not one.message.from_responder and isinstance(body, Credentials):
            shown[key].append((str(body.user), body.secret_bytes))
        elif one.message.from_responder and not one.sent and str(getattr(body, "code", "")) in REFUSALS[protocol]:
            tries[key].append(one.row)
    for (address, protocol), rows in sorted(tries.items()):
        count, different = min(len(rows), len(shown[address, protocol])), len(set(shown[address, protocol]))
        guess = _guessing(flows, address, protocol.upper(), count, np.unique(rows))
        fast = guess.lasted_s <= SLOWEST_GUESS_S * count
        if count >= fewest and (fast or different >= FEWEST_DIFFERENT):
            yield guess


def _by_http(traffic: DeviceTraffic, fewest: int) -> Iterator[Guessing]:
    """Credentials that the answer behind them refused. One wrong password that is sent forever is a mistake, not a search."""
    flows = traffic.tables.flows
    if not (flows.is_any("service", ("http",)) & flows["device_is_originator"]).any():
        return
    shown: dict[int, tuple[str, str]] = {}
    tries: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for one in exchanges(traffic, "http"):
        body = one.message.body
        if one.sent and not one.message.from_responder:
            shown[one.row] = (str(getattr(body, "authorization_scheme", "")), str(getattr(body, "authorization", "")))
        elif not one.sent and one.message.from_responder and getattr(body, "status", 0) in REFUSED_BY_HTTP and shown.get(one.row, ("", ""))[1]:
            tries[flows["remote_addr"][one.row]].append((*shown[one.row], one.row))
    for address, refusals in sorted(tries.items()):
        rows = np.array(sorted({row for *_, row in refusals}), np.intp)
        guess = _guessing(flows, address, "HTTP", len({credentials for _, credentials, _ in refusals}), rows)
        fast = guess.lasted_s <= SLOWEST_GUESS_S * guess.tries
        if guess.tries >= fewest and (fast or any(scheme != "digest" for scheme, *_ in refusals)):
            yield guess


def alike(flows: Columns, began: NDArray[np.bool_], *, fewest: int) -> Iterator[Guessing]:
    """Short sessions with one log-in service of one host that resemble each other."""
    asks = np.isin(flows["remote_port"], list(PORTS)) | flows.is_any("service", SERVICES)
    short = (flows["up_bytes"] <= MOST_SESSION_BYTES) & (flows["down_bytes"] <= MOST_SESSION_BYTES) & (flows["duration_s"] <= LONGEST_SESSION_S)
    both = (flows["up_bytes"] > 0) & (flows["down_bytes"] > 0) & ~fruitless(flows)
    places = np.flatnonzero(began & asks & short & both & flows.is_any("transport", ("tcp",)))
    if places.size < fewest:
        return
    part = flows.take(places)
    keys = part.codes("remote_addr").astype(np.int64) << 16 | part["remote_port"].astype(np.int64)
    found, counts = np.unique(keys, return_counts=True)
    for key in found[counts >= fewest].tolist():
        rows = places[keys == key]
        sent = flows["up_bytes"][rows]
        if np.ptp(sent) <= MOST_SPREAD * np.median(sent):
            service = flows["service"][rows[0]]
            name = SERVICES.get(service) or PORTS.get(key & 0xFFFF, service)
            yield _guessing(flows, part.words("remote_addr")[key >> 16], name, rows.size, rows)


def _guessing(flows: Columns, address: str, service: str, tries: int, rows: NDArray[np.intp]) -> Guessing:
    starts, stops = np.sort(flows["start"][rows]), np.sort(ends(flows.take(rows)))
    at_once = np.arange(1, rows.size + 1) - np.searchsorted(stops, starts, side="right")
    regular = rows.size > 2 and spread(np.diff(starts / 1e9)) <= SCHEDULED_SPREAD
    return Guessing(address, service, tries, (int(starts[-1]) - int(starts[0])) / 1e9, rows, int(at_once.max()), regular)
