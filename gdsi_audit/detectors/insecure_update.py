"""Does code come to the device over connections that anybody on the way can change?

Looks for: programs, packages, scripts and firmware, told by their own first bytes (ELF, PE, Mach-O, DEX, APK, JAR, DEB, RPM, IPK, U-Boot images and
FIT, SquashFS, CramFS, UBI, JFFS2, CPIO, Intel HEX, UF2, archives with a kernel inside …), that reach the device over HTTP, TFTP, or a connection
that carries nothing else, FTP's included. At most `low`: files only named like firmware, TFTP requests for such, lists that name updates at http
addresses, and what stays in the local network or goes to a destination that is declared without a word on encryption; `encryption = "none"` makes
it `info`. Of parts of a file, only the first is known by its magic. Signatures and origin were not tested, so more than an indicator it can never
be.

Also looks like this: packages that the device checks by signature after the download, as most package managers do; a program that its user
downloads; a script on a web page. Fetch over TLS, or declare the destination with `encryption = "none"` and say how updates are verified.

References: ETSI EN 303 645, provisions 5.3-2, 5.3-9 and 5.3-10; NIST SP 800-193; RFC 9019 (an update architecture for the Internet of Things).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.declarations import Declaration
from gdsi_audit.detectors import _subjects
from gdsi_audit.detectors._counterparts import counterparts
from gdsi_audit.detectors._fetched import Fetched, fetched
from gdsi_audit.detectors._flow_rows import rows_of
from gdsi_audit.detectors._from_flows import finding
from gdsi_audit.detectors._standing import Standing, at_most, standing
from gdsi_audit.findings.finding import Finding
from gdsi_audit.findings.quantities import counted
from gdsi_audit.tables.groups import grouped
from gdsi_audit.traffic import DeviceTraffic

SEVERITY = "medium"
COMMITMENTS = ("GDSI-1",)

NAME = "insecure_update"
CARRIERS = ("http", "bare_file", "tftp")
ALTERNATIVES = (
    "an update whose signature the device checks before it installs it",
    "a program that its user downloads and does not run on the device",
    "a script or an archive that is content and not code of the product",
)


def detect(traffic: DeviceTraffic, declaration: Declaration, *, most_words: int = 5) -> Iterator[Finding]:
    """See `Detector`. A sentence lists at most `most_words` kinds of files."""
    if not any(traffic.messages.get(protocol) for protocol in CARRIERS):
        return
    of_flow: dict[int, list[Fetched]] = defaultdict(list)
    for one in fetched(traffic):
        of_flow[one.message.flow].append(one)
    if not of_flow:
        return
    came = _for_device(traffic, rows_of(traffic, of_flow), of_flow)
    rows = np.array(sorted(came), np.intp)
    for party, places in grouped(counterparts(traffic, declaration, rows)) if rows.size else ():
        held = standing(traffic, declaration, rows[places])
        if held.judged:
            yield _finding(
                traffic, declaration, str(party), rows[places], [one for row in rows[places].tolist() for one in came[row]], held, most_words
            )


def _for_device(traffic: DeviceTraffic, rows: NDArray[np.intp], of_flow: dict[int, list[Fetched]]) -> dict[int, list[Fetched]]:
    """By row: the files that the other side sent, or that the device asked for in a protocol that cannot protect them."""
    flows = traffic.tables.flows
    came = {}
    for row, flow, begun in zip(rows.tolist(), flows["flow"][rows].tolist(), flows["device_is_originator"][rows].tolist(), strict=True):
        sent = [one for one in of_flow[flow] if (one.message.from_responder == begun) != one.asked]
        if sent:
            came[row] = sent
    return came


def _finding(
    traffic: DeviceTraffic,
    declaration: Declaration,
    party: str,
    rows: NDArray[np.intp],
    files: list[Fetched],
    held: Standing,
    most_words: int,
) -> Finding:
    flows = traffic.tables.flows.take(rows)
    severity, says = _graded(held, bool(flows["remote_is_local"].all()), any(one.certain for one in files))
    size = sum(max(one.size_bytes, 0) for one in files)
    kinds = _subjects.listed((one.what for one in files), most_words)
    ways = _subjects.listed(one.way for one in files)
    did = f"{party} sent {_subjects.audited(traffic, declaration)} {counted(len(files), 'file')}"
    if all(one.asked for one in files):
        did = f"{_subjects.opening(traffic, declaration)} asked {party} {counted(len(files), 'time')}"
    length = f", {size:,} bytes by their stated length" if size else ""
    return finding(
        traffic,
        rows,
        detector=NAME,
        subject=party,
        severity=severity,
        confidence="high" if any(one.certain for one in files) else "low",
        commitments=COMMITMENTS,
        observation=f"{did} over {ways}, without encryption: {kinds}{length} "
        f"({_subjects.listed(_subjects.services(flows))}); {says}. Signatures and origin were not tested.",
        inference="Unless the device verifies what it received, anybody on the way could have put other code in its place.",
        alternatives=ALTERNATIVES,
        refuted_by="A description of how the device verifies this file, or an altered copy that the device refuses.",
        measures={"files": len(files), "stated_bytes": size},
    )


def _graded(held: Standing, local: bool, certain: bool) -> tuple[str, str]:
    """(severity, how the declaration stands to it). It contradicts nothing by itself: that clear text breaks a promise is another finding."""
    ceiling = "low" if local or not certain else SEVERITY
    encryption = held.destination.encryption if held.declared and held.destination is not None else ""
    if encryption == "none":
        return "info", "declared without encryption"
    if encryption:
        return at_most(SEVERITY, ceiling), f'declared with encryption "{encryption}"'
    if held.declared:
        return "low", "the declaration says nothing of encryption"
    if held.undeclared:
        return at_most(SEVERITY, ceiling), "the party is not declared"
    return at_most(SEVERITY, ceiling), "nothing is declared of it"
