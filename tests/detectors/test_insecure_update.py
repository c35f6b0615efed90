"""Code that comes over connections that anybody on the way can change."""

from __future__ import annotations

import gzip

import pytest

from gdsi_audit.audit import audit
from gdsi_audit.declarations import NOTHING_DECLARED, Destination
from gdsi_audit.detectors.insecure_update import detect
from gdsi_audit.protocols import Message, bare_file, http, tftp

ELF = b"\x7fELF\2\1\1" + bytes(range(200))
SEALED = bytes(range(255, 0, -1)) * 4


def flow(*, remote: str = "203.0.113.9:80", name: str = "update.cams.example http-host", **more: object) -> str:
    head = " ".join(["remote name name_source service", *more])
    return f"{head}\n{remote} {name} http {' '.join(str(value) for value in more.values())}"


def said(data: bytes, *, responder: bool = True) -> Message:
    return Message(16, 4, 0, "http", responder, http.parse(data, from_responder=responder)[0])


def answer(body: bytes, *, length: int | None = None, kind: str = "application/octet-stream", status: int = 200, head: str = "") -> Message:
    size = len(body) if length is None else length
    return said(f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{head}Content-Length: {size}\r\n\r\n".encode() + body)


def asked(target: str) -> Message:
    return said(f"GET {target} HTTP/1.1\r\nHost: update.cams.example\r\n\r\n".encode(), responder=False)


def found(traffic, declaration=NOTHING_DECLARED):
    return [(one.subject, one.severity, one.contradicts) for one in detect(traffic, declaration)]


FOUND = [("cams.example", "medium", ())]


@pytest.mark.parametrize(
    ("item", "severity"),
    [
        (None, "medium"),
        (Destination(name="other.example"), "medium"),
        (Destination(name="update.cams.example"), "low"),
        (Destination(name="update.cams.example", encryption="none"), "info"),
        (Destination(name="update.cams.example", encryption="tls"), "medium"),
    ],
)
def test_severity_follows_the_declaration(device_traffic, declared, item, severity):
    declaration = NOTHING_DECLARED if item is None else declared(item)
    (one,) = detect(device_traffic(flow(), messages={"http": (answer(ELF),)}), declaration)
    assert (one.severity, one.commitments, one.contradicts) == (severity, ("GDSI-1",), ())
    assert "ELF program" in one.observation and "not tested" in one.observation


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (answer(gzip.compress(ELF), head="Content-Encoding: gzip\r\n"), FOUND),
        (answer(ELF, status=206, head="Content-Range: bytes 0-206/9000\r\n"), FOUND),
        (answer(ELF, status=206, head="Content-Range: bytes 512-718/9000\r\n"), []),
        (answer(b"--x\r\nContent-Range: bytes 0-99/9000\r\n\r\n" + ELF, status=206, kind="multipart/byteranges; boundary=x"), FOUND),
        (answer(ELF, status=404), []),
        (answer(b"<html>the firmware is ELF</html>", kind="text/html"), []),
        (answer(b'{"version": 3}', kind="application/json"), []),
        (answer(b"\xff\xd8\xff\xe0" + bytes(90), kind="application/x-elf"), []),
        (said(b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 207\r\n\r\n" + ELF, responder=False), []),  # it leaves the device
    ],
)
def test_what_counts_as_code_that_comes(device_traffic, message, expected):
    assert found(device_traffic(flow(), messages={"http": (message,)})) == expected


def test_a_push_into_the_device(device_traffic):
    pushed = said(b"POST /upgrade HTTP/1.1\r\nHost: a\r\nContent-Length: 207\r\n\r\n" + ELF, responder=False)
    traffic = device_traffic(flow(name="- -", initiator="remote"), messages={"http": (pushed,)})
    assert found(traffic) == [("203.0.113.9", "medium", ())]


@pytest.mark.parametrize(
    ("target", "length", "expected"),
    [
        ("/firmware/c1-1.4.3.bin", 900_000, ["low"]),
        ("/ota/c1.img?token=1", 900_000, ["low"]),
        ("/firmware/notes.bin", 900, []),
        ("/agps/lto.bin", 900_000, []),
        ("/video/update", 900_000, []),
    ],
)
def test_a_file_that_is_only_named_like_firmware(device_traffic, target, length, expected):
    traffic = device_traffic(flow(), messages={"http": (asked(target), answer(SEALED, length=length))})
    assert [one.severity for one in detect(traffic, NOTHING_DECLARED)] == expected


ARCHIVE = gzip.compress(SEALED)


@pytest.mark.parametrize(
    ("target", "length", "expected"),
    [
        ("/firmware/c1-1.4.3.tar.gz", 900_000, ["low"]),
        ("/ota/c1.tgz?x=1", 900_000, ["low"]),
        ("/firmware/c1.tar.gz", 900, []),
        ("/dists/stable-updates/main/Packages.gz", 900_000, []),
        ("/photos/c1.tar.gz", 900_000, []),
        ("/software/swift-total/weather.json.gz", 900_000, []),
    ],
)
def test_an_archive_that_is_named_like_firmware(device_traffic, target, length, expected):
    traffic = device_traffic(flow(), messages={"http": (asked(target), answer(ARCHIVE, length=length))})
    assert [one.severity for one in detect(traffic, NOTHING_DECLARED)] == expected


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        (b'{"url": "http://cdn.cams.example/fw/c1.bin", "md5": "x"}', "application/json", ["low"]),
        (b'{"url": "http:\\/\\/cdn.cams.example\\/fw\\/c1.img"}', "application/json", ["low"]),
        (b'{"url": "https://cdn.cams.example/fw/c1.bin"}', "application/json", []),
        (b'{"url": "http://cdn.cams.example/manual.pdf"}', "application/json", []),
        (b'<a href="http://cdn.cams.example/fw/c1.bin">', "text/html", []),
    ],
)
def test_a_list_that_names_updates_at_http_addresses(device_traffic, body, kind, expected):
    assert [one.severity for one in detect(device_traffic(flow(), messages={"http": (answer(body, kind=kind),)}), NOTHING_DECLARED)] == expected


def test_files_without_http(device_traffic):
    bare, _ = bare_file.parse(ELF, from_responder=True, final=True)
    block = tftp.parse([b"\0\3\0\1" + ELF], from_responder=False)
    traffic = device_traffic(flow(name="- -"), messages={"bare_file": (Message(16, 4, 0, "bare_file", True, bare),)})
    assert found(traffic) == [("203.0.113.9", "medium", ())]
    inside = flow(remote="192.168.1.1:50001", name="- -", device_is_originator="no", initiator="unknown")
    traffic = device_traffic(inside, messages={"tftp": (Message(16, 4, 0, "tftp", False, block),)})
    assert found(traffic) == [("192.168.1.1", "low", ())]


@pytest.mark.parametrize(("name", "expected"), [("/update.sh", ["low"]), ("boot/uImage-1", ["low"]), ("SEP00.cnf.xml", []), ("notes.txt", [])])
def test_a_request_that_nobody_answers(device_traffic, name, expected):
    """As a real camera sends it at every start: whoever takes the address gives it the script."""
    message = Message(16, 4, 0, "tftp", False, tftp.parse([b"\0\1" + name.encode() + b"\0octet\0"], from_responder=False))
    table = flow(remote="192.168.1.13:69", name="- -", transport="udp", down_bytes=0, down_pkts=0)
    found = list(detect(device_traffic(table, messages={"tftp": (message, message)}), NOTHING_DECLARED))
    assert [one.severity for one in found] == expected
    assert all(f"asked 192.168.1.13 2 times over TFTP, without encryption: {name}, asked for" in one.observation for one in found)


def test_nothing_where_nothing_was_fetched(device_traffic):
    assert found(device_traffic(flow())) == []
    assert found(device_traffic("")) == []


@pytest.mark.parametrize("twin", ["", "_v6"])
def test_the_captures(repository, twin):
    folder = repository / "captures" / "detectors"
    reported, benign = (audit(folder / f"insecure_update{kind}{twin}.pcap", folder / "insecure_update.toml") for kind in ("", "_benign"))
    seen = [(one.subject, one.severity) for one in reported.findings if one.detector == "insecure_update"]
    assert seen == [
        ("boot.cams.example", "medium"),
        ("packages.example", "medium"),
        ("shell.example", "medium"),
        ("class local-network", "low"),
        ("update.cams.example", "low"),
    ]
    assert [one for one in benign.findings if one.severity != "info"] == []
