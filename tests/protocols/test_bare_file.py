"""Files by their first bytes, and connections that carry nothing else."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pytest
from conftest import heads_of
from hypothesis import given, settings
from hypothesis import strategies as st

from gdsi_audit.protocols import NEED_MORE, bare_file
from gdsi_audit.protocols._file_kinds import MAGIC, kind_of


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, b"x" * 40)
    return out.getvalue()


def tarred(*names: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = 700
            archive.addfile(entry, io.BytesIO(bytes(700)))
    return out.getvalue()


PE = b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff" + bytes(46) + b"\x80\0\0\0" + bytes(64) + b"PE\0\0\x64\x86" + bytes(40)
CODE = {
    "elf": b"\x7fELF\2\1\1" + bytes(60),
    "pe": PE,
    "mach-o": bytes.fromhex("cffaedfe 0c000001") + bytes(30),
    "fat mach-o": bytes.fromhex("cafebabe 00000002") + bytes(30),
    "java": bytes.fromhex("cafebabe 00000034") + bytes(30),
    "dex": b"dex\n035\0" + bytes(40),
    "uimage": bytes.fromhex("27051956") + bytes(60),
    "squashfs": b"hsqs" + bytes(60),
    "fit": bytes.fromhex("d00dfeed 00001000") + bytes(40) + b"images\0" + bytes(20),
    "script": b"#!/bin/sh\nwget http://x/\n",
    "script with a space": b"#! /usr/bin/env python3\nimport os\n",
    "intel hex": b":10010000214601360121470136007EFE09D2190140\r\n",
    "s-record": b"S00F000068656C6C6F202020202000003C\n",
    "uf2": b"UF2\n\x57\x51\x5d\x9e" + bytes(40),
    "esp32": b"\xe9\6\2\x20" + bytes(28) + b"\x32\x54\xcd\xab" + bytes(30),
    "deb": b"!<arch>\ndebian-binary   1410122664  0     0     100644  4         `\n2.0\n",
    "rpm": bytes.fromhex("edabeedb 0300") + bytes(40),
    "cpio": b"07070100000000",
    "apk": zipped("AndroidManifest.xml", "classes.dex"),
    "jar": zipped("META-INF/MANIFEST.MF", "example/Main.class"),
    "zipped update": zipped("readme.txt", "images/rootfs.squashfs"),
    "ipk": gzip.compress(tarred("./debian-binary", "./data.tar.gz")),
    "tar with a kernel": tarred("meta.json", "boot/uImage"),
    "gzipped tar with a kernel": gzip.compress(tarred("zImage")),
    "xz": lzma.compress(tarred("usr/sbin/httpd")),
    "bzip2": bz2.compress(b"\x7fELF" + bytes(90)),
    "gzipped elf": gzip.compress(b"\x7fELF" + bytes(90)),
    "trx": b"HDR0" + bytes(28),
    "android": b"ANDROID!" + bytes(28),
    "ota payload": b"CrAU\0\0\0\0\0\0\0\2" + bytes(28),
}
HARMLESS = {
    "jpeg": (b"\xff\xd8\xff\xe0" + bytes(40), "media"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(40), "media"),
    "mp4": (b"\0\0\0\x18ftypmp42" + bytes(40), "media"),
    "h264": (bytes.fromhex("00000001 6742c01e") + bytes(40), "media"),
    "wav": (b"RIFF\x24\0\0\0WAVEfmt " + bytes(30), "media"),
    "docx": (zipped("[Content_Types].xml", "word/document.xml"), "other"),
    "photographs": (zipped("one.jpg", "two.jpg"), "other"),
    "tar of texts": (tarred("notes/a.txt", "notes/b.txt"), "other"),
    "gzipped json": (gzip.compress(b'{"update": true}' * 9), "other"),
    "pdf": (b"%PDF-1.7\n" + bytes(30), "other"),
}
NOTHING = (b'{"version": "1.2"}', b"MZ is my name and I write text", b"#!", b":1 is no record\n", b"S1 neither", b"\xe9" + bytes(60), b"", b"<html>")


@pytest.mark.parametrize("name", CODE)
def test_code_is_told_by_its_magic(name):
    kind = kind_of(CODE[name])
    assert kind is not None and kind.role == "code", kind


@pytest.mark.parametrize("name", HARMLESS)
def test_pictures_and_documents_are_no_code(name):
    data, role = HARMLESS[name]
    kind = kind_of(data)
    assert kind is not None and kind.role == role


@pytest.mark.parametrize("data", NOTHING)
def test_what_has_no_magic_is_nothing(data):
    assert kind_of(data) is None


def test_a_magic_has_one_meaning():
    assert [(one, other) for one in MAGIC for other in MAGIC if one != other and other.startswith(one)] == []


def test_a_document_inside_a_compressed_file_is_not_unpacked_twice():
    assert kind_of(gzip.compress(gzip.compress(b"\x7fELF" + bytes(90)))).role == "other"


@pytest.mark.parametrize(("data", "expected"), [(CODE["elf"], True), (PE, True), (b"MZ and so on, a text of some length", False), (bytes(64), False)])
def test_a_connection_that_begins_with_a_file(data, expected):
    assert bool(bare_file.recognise(heads_of([data]))[0]) is expected


def test_the_kind_waits_for_four_kilobytes_or_the_end():
    assert bare_file.parse(PE, from_responder=True) is NEED_MORE
    body, used = bare_file.parse(PE, from_responder=True, final=True)
    assert (body.word, body.role, used, body.names_service) == ("Windows program", "code", len(PE), True)
    whole, used = bare_file.parse(PE + bytes(8000), from_responder=False)
    assert (len(whole.prefix), used) == (4096, len(PE) + 8000)
    empty, _ = bare_file.parse(b"MZ" + bytes(5000), from_responder=False)
    assert (empty.word, empty.names_service) == ("", False)
    with pytest.raises(ValueError, match="offset 0"):
        bare_file.parse(b"no file", from_responder=False)


@settings(max_examples=300)
@given(st.sampled_from([*CODE.values(), *(data for data, _ in HARMLESS.values()), b""]), st.binary(max_size=200), st.integers(0, 400))
def test_any_bytes_are_a_kind_or_none(begin, tail, cut):
    kind = kind_of((begin[:cut] + tail)[:4096])
    assert kind is None or (kind.word and kind.role in ("code", "media", "other"))
