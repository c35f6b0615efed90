"""The words that formats for readers share: titles, short reasons, quantities."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gdsi_audit.commitments.verdicts import WORDS
from gdsi_audit.findings.finding import SEVERITIES, Broken
from gdsi_audit.findings.quantities import counted, duration

TITLES = {
    "GDSI-1": "open, secure supply chain",
    "GDSI-2": "no theft of crucial data",
    "GDSI-3": "personal information",
    "GDSI-4": "local law, no storage at home",
    "GDSI-5": "jurisdiction of others",
    "GDSI-6": "judicial assistance",
    "GDSI-7": "no back doors",
}

MATCHES = {
    "declared": "yes",
    "undeclared": "no",
    "ambiguous": "unclear: several names",
    "unnamed": "no, and no name",
    "not_observable": "name not observable",
    "not_assessable": "not assessable",
    "unstated": "nothing declared",
    "unanswered": "unanswered",
    "link_upkeep": "link upkeep",
    "bench": "tester's own",
    "background": "not under audit",
}
"""Whether it was declared, in words."""


STANDARD_INPUT = "standard input"
STATED = {"vendor": "stated by the vendor", "tester": "stated by the tester", "drafted": "a draft, stated by nobody"}
"""Who stands for a declaration, in words."""


def declared(destination: Mapping[str, Any]) -> str:
    """Whether a destination was declared, in words."""
    otherwise = destination["match"] == "undeclared" and destination["items"]
    return "not like this" if otherwise else MATCHES[destination["match"]]


def size(count: int) -> str:
    """`9,999 B`, `12.3 kB`, `4.5 MB`: decimal units, three digits."""
    if count < 10_000:
        return f"{count:,} B"
    for unit, limit in (("kB", 10**3), ("MB", 10**6), ("GB", 10**9)):
        if count < limit * 999.5:
            return f"{count / limit:.3g} {unit}"
    return f"{count / 10**12:,.3g} TB"


def tally(verdicts: Iterable[Mapping[str, Any]]) -> str:
    """`1 contradicted, 3 indicator, 3 inconclusive`: gravest first, only words that occur."""
    numbers = Counter(one["verdict"] for one in verdicts)
    return ", ".join(f"{numbers[word]} {word}" for word in WORDS if numbers[word])


def answer(verdicts: Sequence[Mapping[str, Any]]) -> str:
    """`Of 7 commitments: 1 contradicted, 3 indicator, 3 inconclusive.`, or `Of 14 verdicts on 2 devices: …`."""
    devices = len({one["device"] for one in verdicts})
    what = counted(len(verdicts), "commitment") if devices == 1 else f"{counted(len(verdicts), 'verdict')} on {counted(devices, 'device')}"
    return f"Of {what}: {tally(verdicts)}." if verdicts else "No verdict."


def ranked(verdicts: Iterable[Mapping[str, Any]]) -> list[str]:
    """Devices, those first of whom something is to be said: by their gravest verdict, then by how often it stands there."""
    words: dict[str, list[int]] = {}
    for one in verdicts:
        words.setdefault(one["device"], []).append(WORDS.index(one["verdict"]))
    return sorted(words, key=lambda device: (min(words[device]), -words[device].count(min(words[device]))))


def severities(findings: Sequence[Mapping[str, Any]]) -> str:
    """`2 high, 1 low, 4 info`."""
    numbers = Counter(one["severity"] for one in findings)
    return ", ".join(f"{numbers[word]} {word}" for word in reversed(SEVERITIES) if numbers[word])


def question(finding: Mapping[str, Any]) -> str:
    """Which question a finding answers, in words: the detector's name."""
    return str(finding["detector"]).replace("_", " ")


def listed(names: Sequence[str], most: int) -> str:
    """`a, b and 3 more`."""
    shown, left = list(dict.fromkeys(names))[:most], len(dict.fromkeys(names)) - most
    return ", ".join(shown) + (f" and {left:,} more" if left > 0 else "")


def shared(verdicts: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is missing for every verdict that is inconclusive, where there are several: to be said once."""
    lists = [one["missing"] for one in verdicts if one["verdict"] == "inconclusive"]
    return [reason for reason in lists[0] if all(reason in others for others in lists[1:])] if len(lists) > 1 else []


def why(verdict: Mapping[str, Any], findings: Mapping[str, Mapping[str, Any]], said: Sequence[str] = ()) -> str:
    """The reason for a verdict in one clause; `findings` by id. `said`: what need not be repeated."""
    named = [findings[one] for one in verdict["findings"] if one in findings]
    if named and verdict["verdict"] in ("contradicted", "indicator"):
        more = f" and {counted(len(named) - 1, 'other finding')}" if len(named) > 1 else ""
        return f"{question(named[0])}: {named[0]['subject']}{more}"
    if verdict["verdict"] == "not testable":
        return "packets cannot show it"
    if verdict["missing"]:
        return "; ".join(one for one in verdict["missing"] if one not in said) or "see below"
    numbers = verdict["coverage"]
    return f"{duration(float(numbers['observed_hours']) * 3600)} observed, loss {float(numbers['loss']):.2%}"


def broken(finding: Mapping[str, Any]) -> str:
    """What of the declaration a finding contradicts: `jurisdictions allowed (camera.toml:38), stated by the vendor`."""
    return "; ".join(f"{Broken(**one).words}, {STATED[one['by']]}" for one in finding["contradicts"])


def ranges(evidence: Mapping[str, Any], paths: Mapping[str, str], most: int = 6) -> str:
    """`7-11, 17-18`, with several captures `7-11 of camera.pcap`; `paths` by hash. The tail of a long list is a number."""
    shown = []
    for frames in evidence["frames"]:
        spans = [str(first) if first == last else f"{first}-{last}" for first, last in frames["ranges"]]
        more = f" and {counted(len(spans) - most, 'more range')}" if len(spans) > most else ""
        of = f" of {basename(paths.get(frames['capture'], frames['capture']))}" if len(paths) > 1 else ""
        shown.append(f"{', '.join(spans[:most])}{more}{of}")
    return "; ".join(shown)


def basename(path: str) -> str:
    """The last part of a path, as the capture is called among colleagues."""
    return STANDARD_INPUT if path == "-" else path.replace("\\", "/").rstrip("/").rpartition("/")[2] or path


def tshark(evidence: Mapping[str, Any], paths: Mapping[str, str]) -> str:
    """The command that shows the evidence, quoted for a shell; one per capture."""
    named = {capture: path for capture, path in paths.items() if path not in ("-", STANDARD_INPUT)}
    files = [named.get(frames["capture"], "CAPTURE") for frames in evidence["frames"]]
    return "; ".join(f"tshark -r {shlex.quote(file)} -Y {shlex.quote(evidence['display_filter'])}" for file in files)


def covered(coverage: Mapping[str, Any]) -> str:
    """`60.2 minutes observed, loss 0.00%; of upload bytes 100% named, 98% located, 0% readable`, and what else an auditor must know."""
    shares = f"{coverage['named']:.0%} named, {coverage['located']:.0%} located, {coverage['readable']:.0%} readable"
    notes = f" Also: {'; '.join(coverage['notes'])}." if coverage["notes"] else ""
    return f"{duration(coverage['observed_s'])} observed, loss {coverage['loss']:.2%}; of upload bytes {shares}.{notes}"


def described(device: Mapping[str, Any]) -> str:
    """What is known of a device beside its id: vendor, host names, MACs and addresses."""
    known = [device["vendor"], *device["hostnames"][:2], *device["macs"][:1], *device["addresses"][:2]]
    more = len(device["addresses"]) - 2
    rest = [f"{more} more address{'' if more == 1 else 'es'}"] if more > 0 else []
    return " · ".join([*dict.fromkeys(one for one in known if one and one != device["id"]), *rest])


def is_local(destination: Mapping[str, Any]) -> bool:
    """Whether every address of it is private, link-local or multicast."""
    return bool(destination["places"] == ["local"])
