"""Can anybody on the way read what the device sends, though encryption was stated or the data is personal?

Looks for: flows to destinations with `encryption = "tls"` or "other" that speak a protocol of clear text (HTTP, MQTT, FTP, RTSP …), or whose payload
is readable text or a picture as it is: a contradiction. Content that looks encrypted inside such a protocol keeps "other". Where the item says
nothing of encryption, and its `data` names personal categories, an upload in clear text is `low`; `encryption = "none"` makes it `info`. To
parties that are not declared, an upload of a kilobyte and more in clear text is `medium`; where no destinations are declared, `low`.

Also looks like this: revocation lists, OCSP, captive-portal checks and requests that are answered with a redirection to https are readable because
of their role and are left alone; so are DNS and NTP. A proprietary protocol whose bytes look random is not accused. A server that speaks both http
and https: declare both, each with its ports and its `encryption`.

References: RFC 7258; RFC 8996; RFC 3207 (STARTTLS and its stripping); ETSI EN 303 645, provisions 5.5 and 5.8; Ren et al., IMC 2019, section 5.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration, Destination
from gdsi_audit.detectors import _readable, _subjects
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.detectors._readable import NOTHING, Content
from gdsi_audit.detectors._standing import broken, standing
from gdsi_audit.detectors._who_began import perhaps_inbound
from gdsi_audit.findings.finding import Broken, Finding
from gdsi_audit.matching import NOT_JUDGED, matches
from gdsi_audit.tables.groups import grouped
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "medium"
COMMITMENTS = ("GDSI-1", "GDSI-3")

NAME = "cleartext_traffic"
PROMISES = ("tls", "other")
PERSONAL = (
    *("video", "audio", "image", "photo", "picture", "recording", "voice", "speech", "face", "biometric", "fingerprint", "location", "position"),
    *("gps", "contact", "address book", "calendar", "message", "chat", "call", "health", "heart", "sleep", "weight", "medical", "account"),
    *("identifier", "email", "e-mail", "phone", "name", "browsing", "viewing", "usage", "profile", "personal", "presence", "ssid", "wifi", "wi-fi"),
)
"""Words in `data` that speak of people."""
ALTERNATIVES = (
    "content that is protected by other means inside a readable protocol",
    "content that says nothing about anybody: a status, a version, a heartbeat",
    "a fallback that the server asked for and that is not used for content",
)


def detect(traffic: DeviceTraffic, declaration: Declaration, *, least_bytes: int = 1_000, personal_bytes: int = 200) -> Iterator[Finding]:
    """See `Detector`. `least_bytes` of content to a party that is not declared, `personal_bytes` sent to one with personal data."""
    of_row = _contents(traffic, declaration)
    if not of_row:
        return
    rows = np.array(list(of_row), np.intp)
    flows, matched = traffic.tables.flows, matches(traffic, declaration)
    encrypted = np.array([item.encryption in PROMISES for item in declaration.destinations] + [False], np.bool_)
    near = ~matched.is_any("deviates", ("",))[rows] & encrypted[matched["destination"][rows]]
    items = np.where(matched.is_any("verdict", ("declared",))[rows] | near, matched["destination"][rows], -1)
    for item, places in grouped(items):
        part = rows[places]
        if item >= 0:
            yield from _declared(traffic, declaration, declaration.destinations[item], part, matched["confident"][part], of_row, personal_bytes)
        else:
            listened = matched.is_any("verdict", ("declared",))[part]
            yield from _undeclared(traffic, declaration, part[~flows["remote_is_local"][part] & ~listened], of_row, least_bytes)


def _contents(traffic: DeviceTraffic, declaration: Declaration) -> dict[int, Content]:
    """What can be read, by ascending position of the flow: of those that an item speaks of, or that go beyond the local network.

    What is readable because of its role is left out.
    """
    flows = traffic.tables.flows
    clear = _readable.readable(traffic) if len(flows) else np.zeros(0, np.bool_)
    if not clear.any():
        return {}
    matched = matches(traffic, declaration)
    spoken_of = np.array([bool(item.encryption or item.data) for item in declaration.destinations] + [False], np.bool_)
    clear &= spoken_of[matched["destination"]] | ~flows["remote_is_local"]
    rows = np.flatnonzero(clear & ~matched.is_any("verdict", NOT_JUDGED))
    contents = _readable.contents(traffic, rows)
    found = ((row, contents.get(flow, NOTHING)) for row, flow in zip(rows.tolist(), flows["flow"][rows].tolist(), strict=True))
    return {row: content for row, content in found if not content.exempt}


def _declared(
    traffic: DeviceTraffic,
    declaration: Declaration,
    item: Destination,
    rows: NDArray[np.intp],
    confident: NDArray[np.bool_],
    of_row: dict[int, Content],
    personal_bytes: int,
) -> Iterator[Finding]:
    """Readable flows of one item, held against its `encryption`."""
    if item.encryption == "other":
        services = traffic.tables.flows.take(rows).is_any("service", ("http", "mqtt"))
        said = [
            not of_row[row].opaque and (not framed or of_row[row].up_bytes > 0) for row, framed in zip(rows.tolist(), services.tolist(), strict=True)
        ]
        rows, confident = rows[said], confident[said]
    if not rows.size:
        return
    if item.encryption in PROMISES:
        sure = rows[confident]
        chosen = sure if sure.size else rows
        contradicts = broken(item.source, "destination", "encryption") if sure.size else ()
        says = f'though it is declared with encryption "{item.encryption}"'
        yield _made(traffic, declaration, chosen, item.title, SEVERITY if sure.size else "low", says, of_row, contradicts)
    elif item.encryption == "none":
        yield _made(traffic, declaration, rows, item.title, "info", "as declared", of_row)
    else:
        yield from _personal(traffic, declaration, item, rows, of_row, personal_bytes)


def _personal(
    traffic: DeviceTraffic, declaration: Declaration, item: Destination, rows: NDArray[np.intp], of_row: dict[int, Content], personal_bytes: int
) -> Iterator[Finding]:
    """Of encryption nothing is said, of the data that it is personal."""
    words = [data for data in item.data if any(word in data.lower() for word in PERSONAL)]
    flows = traffic.tables.flows
    legible = np.array([not of_row[row].opaque for row in rows.tolist()], np.bool_)
    sent = rows[legible & (flows["up_bytes"][rows] >= personal_bytes) & ~flows["remote_is_local"][rows]]
    if words and sent.size:
        says = f"to a destination declared for {_subjects.listed(words)} without a word on encryption"
        yield _made(traffic, declaration, sent, item.title, "low", says, of_row)


def _undeclared(
    traffic: DeviceTraffic, declaration: Declaration, rows: NDArray[np.intp], of_row: dict[int, Content], least_bytes: int
) -> Iterator[Finding]:
    """Uploads in clear text beyond the local network to parties of whom nothing is stated."""
    sizes = np.array([of_row[row].up_bytes for row in rows.tolist()], np.int64)
    rows, sizes = rows[sizes > 0], sizes[sizes > 0]
    if int(sizes.sum()) < least_bytes:
        return
    flows = traffic.tables.flows.take(rows)
    for party, places in grouped(_subjects.parties(flows)):
        if int(sizes[places].sum()) >= least_bytes:
            held = standing(traffic, declaration, rows[places])
            severity = SEVERITY if held.undeclared and not perhaps_inbound(flows.take(places)).all() else "low"
            says = "to a party that is not declared" if held.undeclared else "to a party of which nothing is declared"
            if perhaps := held.may_be(lambda item: item.encryption == "none"):
                severity, says = "info", perhaps
            yield _made(traffic, declaration, rows[places], str(party), severity, says, of_row)


def _made(
    traffic: DeviceTraffic,
    declaration: Declaration,
    rows: NDArray[np.intp],
    subject: str,
    severity: str,
    says: str,
    of_row: dict[int, Content],
    contradicts: tuple[Broken, ...] = (),
) -> Finding:
    flows = traffic.tables.flows.take(rows)
    services = _subjects.listed(_word(service) for service in flows.distinct("service"))
    kinds = _kinds([of_row[row] for row in rows.tolist()])
    who = _subjects.opening(traffic, declaration)
    sent = sum(of_row[row].up_bytes for row in rows.tolist())
    return finding(
        traffic,
        rows,
        detector=NAME,
        subject=subject,
        severity=severity,
        confidence="high" if contradicts or severity in ("info", SEVERITY) else "medium",
        commitments=COMMITMENTS,
        observation=f"{who} exchanged {_subjects.moved(flows)} with {subject} in clear text ({services}, "
        f"{_subjects.listed(_subjects.services(flows))}){kinds}, {says}.",
        inference="Whoever is on the way, or keeps a copy, can read and change what was sent.",
        alternatives=ALTERNATIVES,
        refuted_by="Content shown to be encrypted inside the readable protocol, or the statement that clear text is meant here.",
        contradicts=contradicts,
        measures={"readable_content_up_bytes": sent},
    )


def _word(service: str) -> str:
    return service if service not in ("", "bare_file") else "payload as it is"


def _kinds(contents: Sequence[Content]) -> str:
    kinds = sorted({kind for one in contents for kind in one.kinds})
    return f", the device's share of it {_subjects.listed(kinds)}" if kinds else ""
