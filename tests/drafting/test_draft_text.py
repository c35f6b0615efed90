"""Whatever stands on the wire, a draft is a declaration that reads back as it was meant."""

from __future__ import annotations

import tomllib
from ipaddress import ip_network
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gdsi_audit.declarations import Destination, Listener, mud, toml
from gdsi_audit.drafting import Draft
from gdsi_audit.drafting._contacts import Sums
from gdsi_audit.drafting._entries import PURPOSE, Entry
from gdsi_audit.drafting._refusals import Refusal
from gdsi_audit.drafting._toml import quoted
from gdsi_audit.naming import names
from gdsi_audit.traffic import Device

HOSTILE = st.text(st.characters(codec="utf-8"), max_size=40) | st.sampled_from(['"]\n[[bench]]', "'''", '"""', "\\u000a", "#\n", "\x7f\x1b[2J", "‮"])
NAMES = st.from_regex(r"[a-z0-9_]([a-z0-9_-]{0,10}[a-z0-9_])?(\.[a-z]{1,8}){1,3}", fullmatch=True).filter(lambda name: not names.is_address(name))
PORTS = st.lists(st.integers(1, 65_535), max_size=4, unique=True).map(lambda ports: tuple((port, port) for port in sorted(ports)))
ADDRESSES = st.ip_addresses().filter(lambda address: not getattr(address, "ipv4_mapped", None)).map(ip_network)
"""Packets show no IPv4 address in IPv6's clothes."""


@st.composite
def sums(draw, version=None):
    addresses = {draw(st.ip_addresses(v=version)).compressed} if version else set(map(str, draw(st.lists(st.ip_addresses(), max_size=2))))
    words = st.sets(HOSTILE, max_size=2)
    return Sums(
        flows={16}, up_bytes=draw(st.integers(0, 10**15)), addresses=addresses, places=draw(words), organisations=draw(words), devices=draw(words)
    )


@st.composite
def destinations(draw):
    transport = draw(st.sampled_from(["tcp", "udp", "icmp", "ip-47"]))
    ports = draw(PORTS) if transport in ("tcp", "udp") else ()
    subject = draw(st.one_of(NAMES.map(lambda name: {"name": name}), ADDRESSES.map(lambda network: {"network": network})))
    initiator = draw(st.sampled_from(["", "device", "remote"])) if transport == "tcp" else ""
    more = {"encryption": draw(st.sampled_from(["", "tls", "none", "other"])), "direction": draw(st.sampled_from(["", "upload", "both"]))}
    period = draw(st.none() | st.integers(1, 86_400).map(float))
    item = Destination(**subject, transport=transport, ports=ports, initiator=initiator, purpose=PURPOSE, period_s=period, **more)
    return Entry(item=item, sums=draw(sums(item.network.version if item.network else 4)), remarks=tuple(draw(st.lists(HOSTILE, max_size=2))))


@st.composite
def listeners(draw):
    sender = draw(st.just("local") | ADDRESSES.map(str))
    return Entry(item=Listener(port=draw(st.integers(1, 65_535)), transport=draw(st.sampled_from(["tcp", "udp"])), sender=sender), sums=draw(sums()))


@st.composite
def drafts(draw):
    device = Device(
        id="camera", macs=("02:00:00:00:00:50",), addresses=("192.168.1.50", "fe80::1%eth0"), hostnames=tuple(draw(st.lists(HOSTILE, max_size=2)))
    )
    refusal = Refusal(subject=draw(HOSTILE), detector="decoy_name", severity="low", reason=draw(HOSTILE), devices=("camera",))
    return Draft(
        captures=(),
        devices=(device, device),
        destinations=tuple(draw(st.lists(destinations(), max_size=4, unique_by=lambda entry: entry.item.title))),
        listeners=tuple(draw(st.lists(listeners(), max_size=3))),
        refusals=(refusal,),
        notes=(draw(HOSTILE),),
    )


def said(item):
    """What a destination says, without where it stands."""
    return (item.name, item.network, item.transport, item.ports, item.initiator, item.purpose, item.encryption, item.direction, item.period_s)


@settings(max_examples=200)
@given(drafts())
def test_a_draft_reads_back_as_it_was_meant(made):
    read = toml.read(Path("draft.toml"), made.toml().encode())
    assert [said(item) for item in read.destinations] == [said(entry.item) for entry in made.destinations]
    assert [(one.port, one.transport, one.sender) for one in read.listeners] == [
        (one.item.port, one.item.transport, one.item.sender) for one in made.listeners
    ]
    assert [device.macs for device in read.devices] == [("02:00:00:00:00:50",)] * 2
    assert (read.bench, read.ignore, read.identifiers, read.phases) == ((), (), (), ())


@settings(max_examples=100)
@given(drafts())
def test_mud_reads_back_too(made):
    read = mud.read(Path("draft.json"), made.mud().encode())
    wanted = {(entry.item.name, entry.item.network) for entry in made.destinations}
    assert wanted <= {(item.name, item.network) for item in read.destinations}
    assert read.notes == ()


@given(HOSTILE)
def test_text_is_quoted_for_toml(word):
    assert tomllib.loads(f"a = {quoted(word)}") == {"a": word}
