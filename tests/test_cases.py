"""The fourteen planted cases: each is found by the right detector, and its harmless twin is left alone, over IPv4 and IPv6.

The captures are large, so they are made here, from the generators in `captures/cases`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from captures._index import FOLDER, contents
from gdsi_audit import discover
from gdsi_audit.audit import audit

CASES = FOLDER / "cases"
FOUND_BY = {
    "case_01_dns_txt": [("dns_tunnelling",)],
    "case_02_upload": [("upload_volume",)],
    "case_03_beacon": [("beaconing",)],
    "case_04_root_shell": [("inbound_control", "undeclared_listener")],
    "case_05_icmp": [("icmp_tunnelling",)],
    "case_06_port_53": [("covert_payload",)],
    "case_07_port_123": [("covert_payload",)],
    "case_08_direct_address": [("unnamed_destination", "undeclared_destination")],
    "case_09_midstream": [("unnamed_destination", "undeclared_destination")],
    "case_11_port_map_sweep": [("port_mapping",), ("lan_reconnaissance",)],
    "case_12_doh": [("resolver_bypass",)],
    "case_13_decoy_sni": [("decoy_name",)],
    "case_14_decoy_host": [("decoy_name",)],
}
"""Which detectors must report a case: one of each group. Case 10 waits for the search for personal data; its twin does not."""
SUFFIXES = ("", "_v6")
ONE_OF_EACH = [(case, group, suffix) for case, groups in FOUND_BY.items() for group in groups for suffix in SUFFIXES]


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """Makes a capture of a case and holds it against its declaration; once."""
    folder, done = tmp_path_factory.mktemp("cases"), {}

    def run(case: str, suffix: str):
        name = case + suffix
        if name not in done:
            capture = folder / f"{name}.pcap"
            capture.write_bytes(contents(CASES / f"{case}.pcap.py")[capture.name]())
            done[name] = audit(capture, declaration_of(case, suffix))
            capture.unlink()
        return done[name]

    return run


def declaration_of(case: str, suffix: str) -> Path:
    """The twin's own where the wire cannot differ."""
    own = CASES / f"{case}_benign.toml"
    return own if "_benign" in suffix and own.exists() else CASES / f"{case}.toml"


def every_case() -> list[str]:
    return sorted(path.name.removesuffix(".pcap.py") for path in CASES.glob("*.pcap.py"))


def test_there_are_fourteen():
    assert [case.split("_")[1] for case in every_case()] == [f"{number:02}" for number in range(1, 15)]


@pytest.mark.parametrize(("case", "detectors", "suffix"), ONE_OF_EACH, ids=lambda value: value if isinstance(value, str) else value[0])
def test_what_is_planted_is_found(audited, case, detectors, suffix):
    if not set(detectors) & set(discover.names("gdsi_audit.detectors")):
        pytest.skip(f"{' and '.join(detectors)} is not on the shelf yet")
    reported = {one.detector for one in audited(case, suffix).findings if one.at_least("low")}
    assert reported & set(detectors)


@pytest.mark.parametrize("case", every_case())
@pytest.mark.parametrize("suffix", ["_benign", "_benign_v6"])
def test_the_harmless_twin_is_left_alone(audited, case, suffix):
    assert [(one.detector, one.subject, one.severity) for one in audited(case, suffix).findings if one.at_least("low")] == []


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    ("case", "declared"),
    [("case_03_beacon", "period_s = 60"), ("case_02_upload", 'direction = "upload"\nmax_upload_bytes_per_day = 5_000_000')],
)
def test_a_declared_field_that_is_kept_covers_the_planted(tmp_path, case, declared, suffix):
    """The same wire, and a declaration that says so."""
    capture, stated = tmp_path / "case.pcap", tmp_path / "case.toml"
    capture.write_bytes(contents(CASES / f"{case}.pcap.py")[f"{case}{suffix}.pcap"]())
    text = (CASES / f"{case}.toml").read_text(encoding="utf-8")
    stated.write_text(text.replace('name = "api.vendor.example"\n', f'name = "api.vendor.example"\n{declared}\n'), encoding="utf-8")
    assert audit(capture, stated).worst() in ("", "info")
