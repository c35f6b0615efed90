"""Does the device hide whom it talks to inside the handshake?

Looks for: encrypted client hello that is really in use: an HTTPS or SVCB answer to this device carries its configuration and the hello shows that
configuration's public name, or the hello shows a name known to serve as one; the older encrypted server name; and, from a device that otherwise names
whom it contacts, hellos without any name to addresses that DNS did not name either. Whatever name is shown instead is nobody's identity, so declaring
it declares nothing. It is `low`, and `medium` only where destinations are declared and the party is none of them; where the configuration was looked
up for a declared name, `info`. A hello that offers encryption without these signs is as likely random filling: one `info`, undecided.

Also looks like this: every current browser, which sends random filling to all servers; a content network that offers encryption for all its
customers; servers contacted by address. Declare the address or the network.

References: RFC 9849 (encrypted client hello); RFC 9848 and RFC 9460 (service bindings); RFC 8701 (GREASE); draft-ietf-tls-esni-02.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _hidden, _subjects
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.detectors._hidden import Hidden
from gdsi_audit.detectors._standing import Standing, standing
from gdsi_audit.findings.finding import Finding
from gdsi_audit.tables.groups import grouped
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "medium"
COMMITMENTS = ("GDSI-7",)

NAME = "hidden_name"
ALTERNATIVES = (
    "a browser or library that hides names from everyone on the way, for the user's privacy",
    "a content network that offers encryption for all its customers",
    "a server that is contacted by address and needs no name",
)
REFUTED_BY = "The keys of the session, or the vendor's statement whom these connections go to, that show a declared party behind them."


def detect(traffic: DeviceTraffic, declaration: Declaration, *, least_bytes: int = 1) -> Iterator[Finding]:
    """See `Detector`. Parties to which fewer than `least_bytes` went up are left out."""
    for hidden in _hidden.hidden(traffic):
        if hidden.kind == _hidden.UNDECIDED:
            yield _undecided(traffic, declaration, hidden)
            continue
        for party, places in grouped(_parties(traffic, hidden)):
            rows = hidden.rows[places]
            stands = standing(traffic, declaration, rows)
            if stands.judged and traffic.tables.flows.take(rows).sum("up_bytes") >= least_bytes:
                yield _finding(traffic, declaration, hidden._replace(rows=rows), str(party), stands)


def _parties(traffic: DeviceTraffic, hidden: Hidden) -> NDArray[np.object_]:
    """By the name shown, which is at least one and the same front, or by address where none is."""
    flows = traffic.tables.flows.take(hidden.rows)
    return np.where(flows.is_any("name_source", ("tls-sni", "quic-sni")), flows["name"], flows["remote_addr"])


def _finding(traffic: DeviceTraffic, declaration: Declaration, hidden: Hidden, party: str, stands: Standing) -> Finding:
    flows = traffic.tables.flows.take(hidden.rows)
    severity, says = _graded(declaration, hidden, party, stands)
    who = _subjects.opening(traffic, declaration)
    return finding(
        traffic,
        hidden.rows,
        detector=NAME,
        subject=f"{party} ({hidden.kind})",
        severity=severity,
        confidence=hidden.confidence,
        commitments=COMMITMENTS,
        observation=f"{who} hid whom it talks to in connections to {_subjects.listed(flows.distinct('remote_addr'))} "
        f"({_subjects.listed(_subjects.services(flows))}) by {hidden.kind}: {hidden.sign}; {_subjects.moved(flows)}; {says}.",
        inference="Who received this cannot be told from the traffic: a name that is shown instead is nobody's identity.",
        alternatives=ALTERNATIVES,
        refuted_by=REFUTED_BY,
        measures={"kind": hidden.kind},
    )


def _graded(declaration: Declaration, hidden: Hidden, party: str, stands: Standing) -> tuple[str, str]:
    """(severity, in words)."""
    if _hidden.leads_to_declared(declaration, hidden):
        return "info", f"the configuration was looked up for {_subjects.listed(hidden.behind)}, which is declared"
    item = stands.destination
    if stands.declared and (item is None or not item.name):
        return "info", "the address is declared"
    if stands.declared:
        return "low", "declared is only a name that its address was looked up by"
    if _hidden.is_declared(declaration, party):
        return "low", "declared is only the name that is shown"
    unnamed = hidden.kind == _hidden.CLIENT_HELLO and stands.stated and stands.verdict == "not_observable"
    return (SEVERITY, "the party is not declared") if stands.undeclared or unnamed else ("low", "nothing is declared of it")


def _undecided(traffic: DeviceTraffic, declaration: Declaration, hidden: Hidden) -> Finding:
    flows = traffic.tables.flows.take(hidden.rows)
    who = _subjects.opening(traffic, declaration)
    return finding(
        traffic,
        hidden.rows,
        detector=NAME,
        subject="encrypted client hello, real or filler",
        severity="info",
        confidence="low",
        commitments=COMMITMENTS,
        observation=f"{who} offered encrypted client hello to {_subjects.listed(flows.distinct('name') or ['unnamed servers'])}: "
        f"{_subjects.moved(flows)}; real or random filling cannot be told apart, and nothing shows that it is real.",
        inference="Names shown in these handshakes are taken as they stand.",
        alternatives=ALTERNATIVES,
        refuted_by="An answer with a configuration whose public name these hellos show.",
    )
