"""Audits made by hand: one device with findings of several kinds, none at all, and very many."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_findings import SHA256, SIX, START_NS

from gdsi_audit.audit import Audit
from gdsi_audit.commitments.verdicts import verdicts
from gdsi_audit.declarations import NOTHING_DECLARED, Destination, Jurisdictions, Phase, Product
from gdsi_audit.endpoints import Endpoint, Naming
from gdsi_audit.findings.finding import SEVERITIES
from gdsi_audit.gap import Gap, Ledger
from gdsi_audit.geo import Answer, Place
from gdsi_audit.traffic import Capture, Device
from gdsi_audit.wire_text import WireText

FLOWS = """
remote                 name                  name_source service up_bytes down_bytes device_is_originator
203.0.113.10:443       api.cams.example      tls-sni     tls     120000   4000       -
203.0.113.11:443       api.cams.example      tls-sni     tls     30000    4000       -
203.0.113.20:443       cdn.other.example     tls-sni     tls     9000     900000     -
203.0.113.30:80        plain.other.example   http-host   http    700      800        -
203.0.113.40:123       time.example          dns         ntp     48       48         -
203.0.113.50:8883      -                     -           -       4000     10         -
203.0.113.60:443       edge.example          quic-sni    quic    1500     100        -
203.0.113.70:443       tele.example          tls-sni     tls     2500     100        -
203.0.113.80:443       maybe.example         dns-later   -       90       100        -
192.168.1.1:53         -                     -           dns     300      900        -
192.168.1.9:51000      -                     -           -       50       10         no
[2001:db8:1::5]:443    six.example           tls-sni     tls     60       10         -
"""
COUNTRIES = {"10": "DE", "11": "DE", "20": "US", "30": "SG", "40": "SE", "50": "", "60": "anycast", "70": "contested", "80": ""}


def place(country: str) -> Place:
    if country == "anycast":
        return Place(multi_location=True, organisation="Edge Networks")
    if country == "contested":
        return Place(located_in=Answer(candidates=("DE", "FR")), organisation="Two Places Ltd")
    sources = ("one 2026-06-01", "two 2026-06-02")
    return Place(located_in=Answer(country, sources, "high") if country else Answer(), asn=64500, organisation="Example Networks")


@pytest.fixture(scope="session")
def made_audit(device_traffic, flows_table, contacts_of, traffic_of, declared):
    """Builds an Audit of one camera from findings; `stated=False` leaves the declaration away; `rename` replaces names."""

    def build(findings=SIX, *, stated: bool = True, rename=(), flows: str = FLOWS, path: str = "captures/camera.pcap", hours: int = 3) -> Audit:
        table = flows_table(flows)
        table["start"] = START_NS + (table.index * hours * 3600 * 10**9) // max(1, len(table))
        shown = dict(rename)
        table["name"] = table["name"].cat.rename_categories({old: new for old, new in shown.items() if old in table["name"].cat.categories})
        addresses = sorted({str(address) for address in table["remote_addr"]})
        endpoints = {
            one: Endpoint(
                one,
                tuple(Naming(WireText(named), "tls-sni", 0, 5, START_NS) for named in named_by(table, one)),
                Place(special="private") if one.startswith("192.168.") else place(COUNTRIES.get(one.rpartition(".")[2], "NL")),
            )
            for one in addresses
        }
        hostnames = (*shown.values(), "ipcam")
        known = {"macs": ("02:00:00:00:00:50",), "addresses": ("192.168.1.50",), "hostnames": hostnames, "vendor": "Example"}
        camera = Device(id="camera", declared=True, **known)
        contacts = contacts_of(table)
        share = device_traffic(flows, device=camera, contacts=contacts, rows=table, endpoints=endpoints)
        statement = declared(
            Destination(name="*.cams.example", transport="tcp", ports=((443, 443),), purpose="video relay", encryption="tls"),
            "never.example",
            Destination(klass="time"),
            product=Product(vendor="Example Cameras", model="C1", firmware="1.4.2", home="SE"),
            jurisdictions=Jurisdictions(allowed=frozenset({"DE", "SE"}), allowed_words=("DE", "SE")),
            phases=(Phase(name="idle", start=START_NS, end=START_NS + 3600 * 10**9, user_active=False),),
        )
        statement = statement if stated else NOTHING_DECLARED
        whole = replace(
            traffic_of(share),
            captures=(capture(path),),
            background=(Device(id="192.168.1.1", macs=(), addresses=("192.168.1.1",)),),
            gaps=(Gap("flows", "bad_ip_checksum", 3, SHA256, 12), Gap("traffic", "limit:devices", 1, note=" ".join(shown.values()))),
            databases=({"name": "one", "edition": "2026-06-01", "licence": "CC-BY-4.0", "attribution": "Data by One", "sha256": "cd" * 32},),
        )
        ranked = tuple(sorted(findings, key=lambda one: -SEVERITIES.index(one.severity)))
        judged = verdicts(whole, statement, ranked)
        return Audit(
            traffic=whole, declaration=statement, findings=ranked, verdicts=judged, gaps=whole.gaps,
            settings={"device": "", "hours_needed": 1.0, "thresholds": {"beaconing": {"most": 3}}}, version="0.1.0",
        )  # fmt: skip

    return build


def named_by(table, address: str) -> list[str]:
    return sorted({str(one) for one in table.loc[table["remote_addr"] == address, "name"]} - {""})


def capture(path: str) -> Capture:
    ledger = Ledger(read=1000, decoded=990, read_bytes=100_000, decoded_bytes=99_000)
    ledger.skip("not_ip", 10, 1000)
    return Capture(
        path=path, sha256=SHA256, format="pcap", linktypes=(1,), frame_count=1000, first=START_NS, last=START_NS + 3 * 3600 * 10**9, snaplen=0,
        dropped_pkts=None, ledger=ledger, wire_bytes=100_000, bytes_on_disk=110_000,
    )  # fmt: skip
