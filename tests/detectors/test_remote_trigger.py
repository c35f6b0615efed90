"""Small messages from outside and the uploads behind them."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from gdsi_audit.audit import audit
from gdsi_audit.declarations import NOTHING_DECLARED, Bench, Destination, Listener, Phase
from gdsi_audit.detectors._coincidence import apart, chance, followed, share_of_time
from gdsi_audit.detectors.remote_trigger import detect
from gdsi_audit.protocols import Message
from gdsi_audit.protocols.http import parse as http
from gdsi_audit.protocols.mqtt import MqttPublish

START = 1_790_000_000
HEADER = "start local remote initiator transport conn_state up_bytes down_bytes up_pkts continues history\n"
CALLER, PARTY = "203.0.113.77", "198.51.100.9"


def flow(at_s, local, remote, *, initiator="device", transport="tcp", state="SF", up=0, down=0, up_pkts=3, continues=-1, history="ShADad"):
    time = int((START + at_s) * 10**9)
    return f"{time} 192.168.1.50:{local} {remote} {initiator} {transport} {state} {up} {down} {up_pkts} {continues} {history}"


def knock(at_s, caller=CALLER, initiator="remote"):
    return flow(at_s, 40123, f"{caller}:5000", initiator=initiator, transport="udp", state="S0", down=24, up_pkts=0)


def upload(at_s, party=PARTY, size=60_000):
    return flow(at_s, 50000, f"{party}:443", up=size, down=900)


def table(*lines):
    return HEADER + "\n".join(sorted(lines))


def pattern(times=4, delay_s=2, caller=CALLER):
    return table(*(line for number in range(times) for line in (knock(700 * number, caller), upload(700 * number + delay_s))))


def found(traffic, declaration=NOTHING_DECLARED):
    return [(one.subject, one.severity, one.confidence) for one in detect(traffic, declaration)]


def severities(traffic, declaration=NOTHING_DECLARED):
    return [one.severity for one in detect(traffic, declaration)]


def test_a_packet_and_an_upload_again_and_again(device_traffic):
    assert found(device_traffic(pattern())) == [(f"{PARTY} after {CALLER}", "medium", "medium")]
    assert found(device_traffic(pattern(times=6))) == [(f"{PARTY} after {CALLER}", "medium", "high")]
    (one,) = detect(device_traffic(pattern()), NOTHING_DECLARED)
    assert (one.measures["events"], one.measures["followed"], one.measures["median_delay_s"]) == (4, 4, 2.0)
    assert one.count == 8 and "4 of 4 small calls" in one.observation


def test_over_ipv6(device_traffic):
    text = pattern().replace(f"{CALLER}:", "[2001:db8:f::7]:").replace(f"{PARTY}:", "[2001:db8:e::9]:")
    assert found(device_traffic(text)) == [("2001:db8:e::9 after 2001:db8:f::7", "medium", "medium")]


def test_once_is_a_coincidence_at_most(device_traffic):
    assert severities(device_traffic(pattern(times=1), coverage={"observed_s": 86_400.0})) == ["low"]
    assert severities(device_traffic(pattern(times=1), coverage={"observed_s": 3_600.0})) == []


def test_a_device_that_uploads_all_the_time(device_traffic):
    busy = [upload(15 * number) for number in range(480)]
    assert found(device_traffic(table(*busy, *(knock(700 * number) for number in range(4))))) == []


def test_calls_that_are_mostly_not_followed(device_traffic):
    others = [knock(700 * number + 100 * place) for number in range(4) for place in range(1, 5)]
    assert found(device_traffic(table(*pattern().splitlines()[1:], *others))) == []


@pytest.mark.parametrize(
    "lines",
    [
        [line for number in range(4) for line in (knock(700 * number), upload(700 * number + 60))],  # too late
        [line for number in range(4) for line in (knock(700 * number), upload(700 * number + 2, size=9_000))],  # too little
        [line for number in range(4) for line in (knock(700 * number), upload(700 * number + 2, party=CALLER))],  # to the caller itself
        [line for number in range(4) for line in (knock(700 * number), upload(700 * number + 2, party="192.168.1.9"))],  # not to the outside
        [line for number in range(4) for line in (knock(700 * number + 2), upload(700 * number))],  # the other way round
        [upload(700 * number) for number in range(4)],
        [knock(700 * number) for number in range(4)],
    ],
)
def test_what_is_no_trigger(device_traffic, lines):
    assert found(device_traffic(table(*lines))) == []


def test_changing_callers_at_one_port(device_traffic):
    lines = [line for number in range(5) for line in (knock(700 * number, f"203.0.113.{number}"), upload(700 * number + 2))]
    assert found(device_traffic(table(*lines)))[0][0] == f"{PARTY} after several addresses at udp/40123"


PARTIES = Destination(network=ip_network(f"{PARTY}/32")), Destination(network=ip_network(f"{CALLER}/32"), initiator="remote")


def test_severity_follows_the_declaration(device_traffic, declared):
    traffic = device_traffic(pattern())
    assert severities(traffic, declared("api.cams.example")) == ["high"]
    assert severities(traffic, declared(PARTIES[0])) == ["medium"]
    answered = device_traffic(pattern().replace(" udp S0 0 24 0 ", " udp SF 9 24 1 "))
    assert severities(answered, declared(*PARTIES)) == ["info"]
    assert severities(answered, declared(PARTIES[0], listeners=(Listener(port=40123, transport="udp", sender="anywhere"),))) == ["info"]
    assert severities(traffic, declared("api.cams.example", bench=(Bench(role="tester", address=PARTY),))) == []
    assert severities(traffic, declared("api.cams.example", bench=(Bench(role="tester", address=CALLER),))) == []


def test_a_user_who_is_active(device_traffic, declared):
    phases = (Phase(name="interact", start=START * 10**9, end=(START + 1500) * 10**9, user_active=True),)
    longer = (Phase(name="interact", start=START * 10**9, end=(START + 3000) * 10**9, user_active=True),)
    assert severities(device_traffic(pattern()), declared("api.cams.example", phases=longer)) == ["low"]
    assert severities(device_traffic(pattern(times=8)), declared("api.cams.example", phases=phases)) == ["high"]


def test_from_the_local_network_or_not_seen_to_begin(device_traffic):
    assert severities(device_traffic(pattern(caller="192.168.1.77"))) == ["low"]
    unseen = pattern().replace(" remote udp", " unknown udp").replace("history\n", "history device_is_originator\n")
    lines = unseen.splitlines()
    lines[1:] = [f"{line} {'no' if ' unknown ' in line else 'yes'}" for line in lines[1:]]
    assert severities(device_traffic("\n".join(lines))) == ["low"]


def channel(*pieces):
    """A connection that the device keeps to its vendor, in `pieces`."""
    return [flow(at_s, 51000, "203.0.113.9:8883", up=90, down=62, history=history, continues=continues) for at_s, history, continues in pieces]


def test_pushes_over_a_connection_that_was_silent(device_traffic, declared):
    pieces = [(-600, "ShADad", -1), *((700 * number, "^dA", 16) for number in range(4))]
    lines = [*channel(*pieces), *(upload(700 * number + 2) for number in range(4))]
    assert found(device_traffic(table(*lines))) == [(f"{PARTY} after 203.0.113.9", "low", "medium")]
    assert severities(device_traffic(table(*lines)), declared(Destination(network=ip_network("203.0.113.9/32")))) == ["high"]
    alive = [line.replace("^dA", "DAd") for line in lines]
    assert found(device_traffic(table(*alive))) == []


def response(status=200):
    return http(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status, from_responder=True)[0]


@pytest.mark.parametrize("held_back_s", [0, 60])
def test_messages_pushed_over_an_open_connection(device_traffic, held_back_s):
    lines = [*channel((-600, "ShADad", -1)), *(upload(700 * number + 2) for number in range(4))]
    asks = http(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n", from_responder=False)[0]
    times = [int((START + 700 * number) * 10**9) for number in range(4)]
    pushed = tuple(Message(16, 3, time, "mqtt", True, MqttPublish("cmd", 0, b"", 0)) for time in times)
    assert found(device_traffic(table(*lines), messages={"mqtt": pushed})) == [(f"{PARTY} after 203.0.113.9", "low", "medium")]
    own = tuple(Message(16, 3, time, "mqtt", False, MqttPublish("cmd", 0, b"", 0)) for time in times)
    assert found(device_traffic(table(*lines), messages={"mqtt": own})) == []
    exchanges = [((time - held_back_s * 10**9, False, asks), (time, True, response())) for time in times]
    heard = tuple(Message(16, 3, time, "http", responder, body) for pair in exchanges for time, responder, body in pair)
    assert len(found(device_traffic(table(*lines), messages={"http": heard}))) == (held_back_s > 0)


def test_arithmetic():
    import numpy as np

    assert chance(0, 5, 0.1) == 1.0 and chance(5, 5, 1.0) == 1.0 and chance(1, 5, 0.0) == 0.0
    assert chance(3, 3, 0.1) == pytest.approx(0.001)
    assert chance(1, 2, 0.5) == pytest.approx(0.75)
    times = np.array([0, 5, 6, 30], np.int64)
    assert apart(times, 10).tolist() == [0, 3]
    assert followed(times, np.array([6, 8, 45]), 10).tolist() == [0, 0, 1, -1]
    assert followed(times, np.array([], np.int64), 10).tolist() == [-1] * 4
    assert share_of_time(np.array([0, 5, 100]), 10, 1000) == pytest.approx(0.025)


@pytest.mark.parametrize("suffix", ["", "_v6"])
def test_the_generated_captures(repository, suffix):
    folder = repository / "captures" / "detectors"
    stated = folder / "remote_trigger.toml"
    for declaration, severity in ((stated, "high"), (None, "medium")):
        (one,) = (one for one in audit(folder / f"remote_trigger{suffix}.pcap", declaration).findings if one.detector == "remote_trigger")
        assert (one.subject.split()[0], one.severity, one.measures["followed"]) == ("collector.example", severity, 4)
    for declaration in (stated, None):
        assert audit(folder / f"remote_trigger_benign{suffix}.pcap", declaration).worst() in ("", "info")
