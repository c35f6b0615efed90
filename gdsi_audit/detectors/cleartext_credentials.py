"""Can anyone on the way read a password, or what stands for one?

Looks for: HTTP Basic, bearer tokens, API keys, and passwords in forms and URLs; logins of FTP, SMTP, POP, IMAP, MQTT, LDAP, Redis, IRC and SOCKS;
passwords typed over telnet or a bare terminal; SNMP communities; RTSP Basic. Whoever logs in, device or caller. To the internet it is `high` against
a declared `encryption = "tls"` and to parties that are not declared, else `medium`, whatever is declared; inside the local network `low`, and `info`
where `encryption = "none"` is declared. Answers to a challenge (Digest, NTLM, CRAM, SCRAM) do not show the password, but let it be guessed, and an
API key may be one that all copies of an application share: `low`, and `info` inside the local network, where SNMP's `public` and what may be a hash
are `info` as well. Anonymous logins are `info`.

Also looks like this: a value that is a hash or good for one use; a password that everybody knows and that opens nothing; content that is encrypted
below. Nothing silences a password that is readable on the internet; encrypt the connection. Shown are the kind and the lengths, never the secret.

References: RFC 7617 (Basic), RFC 7616 (Digest); RFC 6750 section 5.3; RFC 8314; OWASP ASVS 4.0 section 9.1; CWE-319; CWE-598.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _subjects
from gdsi_audit.detectors._counterparts import judged_apart
from gdsi_audit.detectors._credentials import READERS, shown_by
from gdsi_audit.detectors._flow_rows import row_of
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.detectors._secret_fields import APPLICATION, CHALLENGE, CLEAR, DEFAULT, HASHED, NOBODY, Shown
from gdsi_audit.detectors._shells import PROTOCOLS
from gdsi_audit.detectors._standing import Standing, at_most, standing
from gdsi_audit.detectors._terminal_logins import terminal_logins
from gdsi_audit.findings.finding import Broken, Finding
from gdsi_audit.findings.quantities import counted
from gdsi_audit.frames.ranges import by_capture
from gdsi_audit.tables.groups import grouped
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "high"
COMMITMENTS = ("GDSI-3",)

NAME = "cleartext_credentials"
ALTERNATIVES = (
    "a value that is a hash, or good for one use",
    "a password that everybody knows and that opens nothing",
    "content that is encrypted under the protocol that shows",
)
INFERENCE = {
    CLEAR: "Whoever sees these packets has what it takes to log in.",
    HASHED: "The value may be a hash; whoever sees these packets can try to use it as it is, or guesses against it.",
    DEFAULT: "Whoever sees these packets learns that the default community is in use.",
    APPLICATION: "Whoever sees these packets can use the key; whether it opens more than the application itself does for anybody is not known.",
    CHALLENGE: "The password itself is not shown; whoever sees these packets can try guesses against the answer.",
    NOBODY: "Nothing is given away that would be a secret.",
}


class Sighting(NamedTuple):
    """One login in one flow."""

    row: int
    capture: int
    frame: int
    shown: Shown
    refused: bool


def detect(traffic: DeviceTraffic, declaration: Declaration) -> Iterator[Finding]:
    """See `Detector`."""
    if not any(protocol in traffic.messages for protocol in (*READERS, *PROTOCOLS)):
        return
    seen = list(_sightings(traffic))
    if not seen:
        return
    parties = _parties(traffic, declaration, np.array([one.row for one in seen]))
    keys = [(party, one.shown.kind, one.shown.form, one.refused) for one, party in zip(seen, parties, strict=True)]
    for (party, *_), places in grouped(keys):
        group = [seen[place] for place in places]
        stand = standing(traffic, declaration, np.array([one.row for one in group]))
        if stand.judged:
            yield _finding(traffic, declaration, group, str(party), stand)


def _parties(traffic: DeviceTraffic, declaration: Declaration, rows: NDArray[np.intp]) -> list[str]:
    """The other side; by its address where it is the caller (its request names the device) or called by one."""
    flows, named = traffic.tables.flows.take(rows), judged_apart(traffic, declaration, rows).tolist()
    called = flows["device_is_originator"].tolist()
    return [
        name if own and not name[-1:].isdigit() else address for name, own, address in zip(named, called, flows["remote_addr"].tolist(), strict=True)
    ]


def _sightings(traffic: DeviceTraffic) -> Iterator[Sighting]:
    logins = [(message, shown, False) for protocol in READERS for message in traffic.messages.get(protocol, ()) for shown in shown_by(message)]
    logins += terminal_logins(traffic)
    rows = row_of(traffic) if logins else {}
    for message, shown, refused in logins:
        if message.flow in rows:
            yield Sighting(rows[message.flow], message.capture, message.frame, shown, refused)


def _finding(traffic: DeviceTraffic, declaration: Declaration, group: Sequence[Sighting], party: str, stand: Standing) -> Finding:
    rows = np.array(sorted({one.row for one in group}))
    flows = traffic.tables.flows.take(rows)
    local, shown = bool(flows["remote_is_local"].all()), group[0].shown
    severity, contradicts, says = _graded(shown.form, stand, local=local, refused=group[0].refused)
    form = "" if shown.form == CLEAR else f" ({shown.form})"
    place = "inside the local network" if local else "outside the local network"
    return finding(
        traffic,
        rows,
        detector=NAME,
        subject=f"{shown.kind} with {party}{form}{', refused' if group[0].refused else ''}",
        severity=severity,
        confidence="high" if shown.form != CLEAR or shown.secret_bytes >= 0 else "medium",
        commitments=COMMITMENTS,
        observation=f"Between {_subjects.audited(traffic, declaration)} and {party}, {place}, {shown.kind} was readable {shown.form} "
        f"{counted(len(group), 'time')} ({_lengths(group)}) in {_subjects.listed(_subjects.services(flows))}; {says}.",
        inference=INFERENCE[shown.form],
        alternatives=ALTERNATIVES,
        refuted_by="The content of the cited frames, if it shows no secret, a hash, or a value that is good for one use.",
        contradicts=contradicts,
        measures={"logins": len(group), "user_bytes": shown.user_bytes, "secret_bytes": shown.secret_bytes},
        frames=by_capture(np.array([one.capture for one in group]), np.array([one.frame for one in group])),
    )


def _lengths(group: Sequence[Sighting]) -> str:
    """What may be said of the values: how long they are."""
    users = sorted({one.shown.user_bytes for one in group if one.shown.user_bytes >= 0})
    secrets = sorted({one.shown.secret_bytes for one in group if one.shown.secret_bytes >= 0})
    texts = [f"{what} of {_subjects.listed(sizes)} bytes" for what, sizes in (("user name", users), ("secret", secrets)) if sizes]
    return ", ".join(texts) or "lengths not read"


def _graded(form: str, stand: Standing, *, local: bool, refused: bool) -> tuple[str, tuple[Broken, ...], str]:
    """(severity, what it contradicts, in words)."""
    declared = stand.destination if stand.declared else None
    encryption = declared.encryption if declared is not None else ""
    if form == NOBODY:
        return "info", (), "it opens what is open to anybody"
    if refused:
        return "info" if local else "low", (), "it was refused"
    if declared is not None and encryption in ("tls", "other"):
        severity = SEVERITY if form == CLEAR and not local else "medium" if form == CLEAR else "low"
        severity = severity if stand.sure else at_most(severity, "low" if local else "medium")
        return severity, stand.broken("encryption"), f"{declared.title} is declared as encrypted ({encryption}){stand.doubt}"
    says = "declared as not encrypted" if encryption == "none" else "the declaration does not say that it is encrypted" if stand.declared else ""
    says = says or ("the party is not declared" if stand.undeclared else "no declaration speaks of it")
    if local:
        return "info" if encryption == "none" or form != CLEAR else "low", (), says
    if form in (APPLICATION, CHALLENGE):
        return "info" if encryption == "none" else "low", (), says
    return (SEVERITY if stand.undeclared else "medium"), (), says
