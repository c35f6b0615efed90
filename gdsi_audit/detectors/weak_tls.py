"""Could somebody on the way read or change what the device encrypts?

Looks for: SSL 2.0 and 3.0, TLS and DTLS 1.0 and 1.1; suites without encryption, without a check of identity, with export-grade keys, RC4, DES or
3DES; compression; certificates that are signed by themselves, out of date when the capture was taken, for other names, with short keys or signed
over MD5 or SHA-1. Each counts only from the day a standard retired it, what is agreed on and not what is offered, and certificates only where the
device went on. What is broken outright is `medium` and contradicts a declared `encryption = "tls"`; the rest is `low`, and so is everything to a
declared destination without the field. In the local network, with `encryption = "none"` or `"other"`, for a certificate signed by itself with
`encryption = "tls"`, and where it is only offered, it is `info`.

Also looks like this: a vendor's own certification authority or a pinned certificate, which need no public one; old servers that the device cannot
choose; a capture whose clock is wrong. Declare the destination with its `encryption`.

References: RFC 8996; RFC 9325; RFC 7568; RFC 7465; RFC 6176; RFC 5469; RFC 6151; RFC 6125; NIST SP 800-131A Rev. 2; CA/Browser Forum Baseline
Requirements.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _subjects, _weak_handshakes
from gdsi_audit.detectors._counterparts import judged_apart
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.detectors._standing import Standing, at_most, standing
from gdsi_audit.detectors._tls_defects import BROKEN, SELF_SIGNED, Defect
from gdsi_audit.findings.finding import SEVERITIES, Broken, Finding
from gdsi_audit.findings.quantities import counted
from gdsi_audit.tables.columns import Columns
from gdsi_audit.tables.groups import grouped
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "medium"
COMMITMENTS = ("GDSI-1", "GDSI-3")

NAME = "weak_tls"
ALTERNATIVES = (
    "the vendor's own certification authority, or a certificate that the device knows and compares byte by byte",
    "a server so old that the device cannot choose better",
    "a clock, of the device or of the capture, that was wrong",
)
MOST_DEFECTS = 8


def detect(traffic: DeviceTraffic, declaration: Declaration, *, clock_tolerance_s: float = 86_400.0) -> Iterator[Finding]:
    """See `Detector`. Validity of certificates is held against the capture's clock, give or take `clock_tolerance_s`."""
    defects = _weak_handshakes.defects(traffic, round(clock_tolerance_s * 1e9))
    if defects:
        rows = np.array(sorted(defects), np.intp)
        for party, places in grouped(judged_apart(traffic, declaration, rows)):
            yield from _finding(traffic, declaration, rows[places], str(party), defects)
    yield from _offers(traffic, declaration, rows_agreed=frozenset(defects))


def _finding(
    traffic: DeviceTraffic, declaration: Declaration, rows: NDArray[np.intp], party: str, defects: dict[int, list[Defect]]
) -> Iterator[Finding]:
    stands = standing(traffic, declaration, rows)
    if not stands.judged:
        return
    flows = traffic.tables.flows.take(rows)
    listed = [(int(start), defect) for start, row in zip(flows["start"], rows.tolist(), strict=True) for defect in defects[row]]
    kinds = {defect.kind for _, defect in listed}
    severity, contradicts = _graded(flows, stands, _worst(listed), kinds)
    counts: dict[str, int] = defaultdict(int)
    for _, defect in listed:
        counts[defect.says] += 1
    says = "; ".join(f"{text} ({count:,} of {rows.size:,})" for text, count in sorted(counts.items())[:MOST_DEFECTS])
    who = _subjects.opening(traffic, declaration)
    yield finding(
        traffic,
        rows,
        detector=NAME,
        subject=party,
        severity=severity,
        confidence="high",
        commitments=COMMITMENTS,
        observation=f"{who} used weak protection with {party} ({_subjects.listed(_subjects.services(flows))}; "
        f"{_subjects.listed(flows.distinct('remote_addr'))}) in {counted(rows.size, 'connection')}: {says}.",
        inference="Somebody between the device and this party might read or change what they exchange, or stand in for the party.",
        alternatives=ALTERNATIVES,
        refuted_by="A test in which the device refuses this party when its certificate is exchanged or the version is lowered.",
        contradicts=contradicts,
        measures={"defects": ", ".join(sorted(kinds))},
    )


def _worst(listed: list[tuple[int, Defect]]) -> str:
    """By what had been retired when it was used."""
    grades = [("medium" if defect.grade == BROKEN else "low") if defect.counts(start) else "info" for start, defect in listed]
    return max(grades, key=SEVERITIES.index)


def _graded(flows: Columns, stands: Standing, severity: str, kinds: set[str]) -> tuple[str, tuple[Broken, ...]]:
    item = stands.destination
    if bool(flows["remote_is_local"].all()) or not bool((flows["up_bytes"] > 0).any()):
        return "info", ()
    if not stands.declared or item is None:
        return severity, ()
    # TLS is declared and used; that nobody else vouches for the party does not say that the device does not know it.
    if item.encryption in ("none", "other") or (item.encryption == "tls" and kinds == {SELF_SIGNED}):
        return "info", ()
    if item.encryption == "tls" and severity == SEVERITY:
        return severity if stands.sure else "low", stands.broken("encryption")
    return at_most(severity, "low"), ()


def _offers(traffic: DeviceTraffic, declaration: Declaration, *, rows_agreed: frozenset[int]) -> Iterator[Finding]:
    """One finding on what the device would have put up with."""
    words, rows = _weak_handshakes.offers(traffic)
    rows = np.array([row for row in rows.tolist() if row not in rows_agreed], np.intp)
    if not rows.size:
        return
    flows = traffic.tables.flows.take(rows)
    who = _subjects.opening(traffic, declaration)
    yield finding(
        traffic,
        rows,
        detector=NAME,
        subject="offered, not agreed on",
        severity="info",
        confidence="high",
        commitments=COMMITMENTS,
        observation=f"{who} offered {_subjects.listed(words)} in {rows.size:,} handshakes with {_subjects.listed(_subjects.parties(flows))}.",
        inference="A server, or somebody who stands in for one, could have chosen it.",
        alternatives=("an old library that lists everything it knows", "a test tool"),
        refuted_by="A server that chooses it and is refused.",
    )
