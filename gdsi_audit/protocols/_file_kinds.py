"""What a file is by its first bytes: programs and firmware, pictures and sound, documents. Names and content types are not believed."""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Callable
from typing import NamedTuple

PREFIX_BYTES = 4096
"""Enough for the name of a tar archive's first files, a program's headers and a zip archive's first entries."""
UNPACKED_BYTES = 16_384
TAR_MAGIC_OFFSET, TAR_BLOCK_BYTES, TAR_NAME_BYTES = 257, 512, 100


class FileKind(NamedTuple):
    """What is said of a file."""

    word: str
    """`ELF program`, `JPEG image` …"""
    role: str
    """`code`: programs, packages, firmware. `media`: picture, sound, film. `other`."""


MAGIC = {
    b"\x7fELF": FileKind("ELF program", "code"),
    b"dex\n0": FileKind("DEX program", "code"),
    b"\0asm\x01": FileKind("WebAssembly program", "code"),
    b"\x1bLua": FileKind("Lua bytecode", "code"),
    b"\xfe\xed\xfa\xce": FileKind("Mach-O program", "code"),
    b"\xfe\xed\xfa\xcf": FileKind("Mach-O program", "code"),
    b"\xce\xfa\xed\xfe": FileKind("Mach-O program", "code"),
    b"\xcf\xfa\xed\xfe": FileKind("Mach-O program", "code"),
    b"\x27\x05\x19\x56": FileKind("U-Boot image", "code"),
    b"hsqs": FileKind("SquashFS file system", "code"),
    b"sqsh": FileKind("SquashFS file system", "code"),
    b"shsq": FileKind("SquashFS file system", "code"),
    b"\x45\x3d\xcd\x28": FileKind("CramFS file system", "code"),
    b"\x28\xcd\x3d\x45": FileKind("CramFS file system", "code"),
    b"UBI#\x01": FileKind("UBI image", "code"),
    b"\x85\x19\x03\x20": FileKind("JFFS2 file system", "code"),
    b"\x85\x19\x01\xe0": FileKind("JFFS2 file system", "code"),
    b"\x85\x19\x02\xe0": FileKind("JFFS2 file system", "code"),
    b"HDR0": FileKind("TRX firmware", "code"),
    b"ANDROID!": FileKind("Android boot image", "code"),
    b"VNDRBOOT": FileKind("Android boot image", "code"),
    b"CrAU\0\0\0\0": FileKind("Android update payload", "code"),
    b"\x3a\xff\x26\xed\x01\x00": FileKind("Android sparse image", "code"),
    b"!<arch>\ndebian-binary": FileKind("Debian package", "code"),
    b"\xed\xab\xee\xdb": FileKind("RPM package", "code"),
    b"070701": FileKind("CPIO archive", "code"),
    b"070702": FileKind("CPIO archive", "code"),
    b"UF2\n\x57\x51\x5d\x9e": FileKind("UF2 firmware", "code"),
    b"\xff\xd8\xff": FileKind("JPEG image", "media"),
    b"\x89PNG\r\n\x1a\n": FileKind("PNG image", "media"),
    b"GIF8": FileKind("GIF image", "media"),
    b"OggS\0": FileKind("Ogg recording", "media"),
    b"fLaC\0": FileKind("FLAC recording", "media"),
    b"ID3\x02": FileKind("MP3 recording", "media"),
    b"ID3\x03": FileKind("MP3 recording", "media"),
    b"ID3\x04": FileKind("MP3 recording", "media"),
    b"#!AMR": FileKind("AMR recording", "media"),
    b"FLV\x01": FileKind("Flash video", "media"),
    b"\x1a\x45\xdf\xa3": FileKind("Matroska or WebM video", "media"),
    b"\x00\x00\x01\xba": FileKind("MPEG video", "media"),
    b"\x00\x00\x00\x01\x67": FileKind("H.264 video", "media"),
    b"\x00\x00\x00\x01\x27": FileKind("H.264 video", "media"),
    b"\x00\x00\x00\x01\x40\x01": FileKind("H.265 video", "media"),
    b"%PDF-": FileKind("PDF document", "other"),
}
"""Magics that need no second look, none the beginning of another."""

DOCUMENT_FIRST_ENTRIES = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"mimetype", b"word/", b"xl/", b"ppt/")
_CODE_NAME = re.compile(
    rb"(?:^|/)(?:vmlinu[xz]|zimage|uimage|bzimage|kernel|rootfs|u-boot|firmware|debian-binary|classes\.dex|androidmanifest\.xml|sbin/|"
    rb"s?bin/[^/]+$|meta-inf/com/google/android/update-binary)|(?:^|/)s?bin/|\.(?:so(?:\.[0-9.]+)?|ko|exe|dll|dex|class|elf|squashfs|ubi|fw|rom|img|"
    rb"uf2|dtb|ipk|apk|deb|rpm|sh)$",
    re.IGNORECASE,
)
"""Names of archived files that only an update or a program has."""
_ENTRY = re.compile(rb"PK\x03\x04.{22}(..)..", re.DOTALL)
_SHEBANG = re.compile(rb"#! ?/[ -~]{2,100}\r?\n")
_HEX_RECORD = re.compile(rb":([0-9A-Fa-f]{10,522})\r?\n")
_S_RECORD = re.compile(rb"S[0-3]([0-9A-Fa-f]{6,510})\r?\n")


def kind_of(data: bytes) -> FileKind | None:
    """What `data`, the beginning of a file, is; None: none of the kinds known here. Compressed files are looked into, one level deep."""
    known = next((MAGIC[data[:size]] for size in MAGIC_SIZES if data[:size] in MAGIC), None)
    if known is not None:
        return known
    closer = next((read for begin, read in CLOSER_LOOKS if data.startswith(begin)), None)
    found = closer(data) if closer is not None else None
    if found is not None:
        return found
    if data[TAR_MAGIC_OFFSET : TAR_MAGIC_OFFSET + 5] == b"ustar":
        return _tar(data)
    if data[4:8] == b"ftyp":
        return FileKind("MP4 video", "media")
    return None


def _pe(data: bytes) -> FileKind | None:
    """The DOS header points at the real one (Microsoft PE format)."""
    at = int.from_bytes(data[60:64], "little")
    return FileKind("Windows program", "code") if len(data) > 64 and data[at : at + 4] == b"PE\0\0" else None


def _fat(data: bytes) -> FileKind:
    """Mach-O for several processors and Java share a magic; Java's version behind it is 45 or more."""
    return FileKind("Mach-O program", "code") if int.from_bytes(data[4:8]) < 45 else FileKind("Java class", "code")


def _tree(data: bytes) -> FileKind:
    return FileKind("U-Boot FIT image" if b"images\0" in data else "device tree", "code")


def _script(data: bytes) -> FileKind | None:
    return FileKind("script", "code") if _SHEBANG.match(data) else None


def _intel_hex(data: bytes) -> FileKind | None:
    """Records of text whose bytes sum to nothing."""
    record = _HEX_RECORD.match(data)
    raw = bytes.fromhex(record[1].decode()) if record and len(record[1]) % 2 == 0 else b""
    return FileKind("Intel HEX firmware", "code") if raw and sum(raw) % 256 == 0 and raw[0] == len(raw) - 5 else None


def _s_record(data: bytes) -> FileKind | None:
    record = _S_RECORD.match(data)
    raw = bytes.fromhex(record[1].decode()) if record and len(record[1]) % 2 == 0 else b""
    return FileKind("Motorola S-record firmware", "code") if raw and sum(raw) % 256 == 255 and raw[0] == len(raw) - 1 else None


def _esp(data: bytes) -> FileKind | None:
    """An ESP32 application: image header, and the application's description in its first segment."""
    return FileKind("ESP32 firmware", "code") if data[32:36] == b"\x32\x54\xcd\xab" else None


def _riff(data: bytes) -> FileKind | None:
    words = {b"WAVE": "WAV recording", b"AVI ": "AVI video", b"WEBP": "WebP image"}
    return FileKind(words[data[8:12]], "media") if data[8:12] in words else None


def _zip(data: bytes) -> FileKind:
    """By the names of its first entries."""
    names = [data[found.end() : found.end() + int.from_bytes(found[1], "little")] for found in _ENTRY.finditer(data)]
    if names and names[0].startswith(DOCUMENT_FIRST_ENTRIES):
        return FileKind("zipped document", "other")
    if any(name in (b"AndroidManifest.xml", b"classes.dex") for name in names):
        return FileKind("Android package", "code")
    if names and names[0].startswith(b"META-INF/") and any(name.endswith((b"MANIFEST.MF", b".class")) for name in names):
        return FileKind("Java archive", "code")
    return FileKind("zipped update", "code") if any(_CODE_NAME.search(name) for name in names) else FileKind("zip archive", "other")


def _tar(data: bytes) -> FileKind:
    """By the names of its first files, which stand at the head of blocks."""
    names, at = [], 0
    while data[at + TAR_MAGIC_OFFSET : at + TAR_MAGIC_OFFSET + 5] == b"ustar":
        names.append(data[at : at + TAR_NAME_BYTES].rstrip(b"\0"))
        size = data[at + 124 : at + 135].strip(b" \0")
        at += TAR_BLOCK_BYTES * (1 + -(-(int(size, 8) if re.fullmatch(rb"[0-7]+", size) else 0) // TAR_BLOCK_BYTES))
    if any(name.removeprefix(b"./") == b"debian-binary" for name in names):
        return FileKind("IPK package", "code")
    return FileKind("tar archive with an update", "code") if any(map(_CODE_NAME.search, names)) else FileKind("tar archive", "other")


def _unpacked(data: bytes, unpack: Callable[[bytes], bytes], word: str) -> FileKind:
    try:
        inside = unpack(data)
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError):
        inside = b""
    found = _inside(inside)
    return FileKind(f"{found.word}, {word}", found.role) if found else FileKind(f"{word} file", "other")


def _inside(data: bytes) -> FileKind | None:
    """As `kind_of`, without unpacking once more."""
    return None if data.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")) else kind_of(data)


def _gzip(data: bytes) -> FileKind:
    return _unpacked(data, lambda raw: zlib.decompressobj(31).decompress(raw, UNPACKED_BYTES), "gzipped")


def _xz(data: bytes) -> FileKind:
    return _unpacked(data, lambda raw: lzma.LZMADecompressor(memlimit=1 << 27).decompress(raw, UNPACKED_BYTES), "xz-compressed")


def _bzip2(data: bytes) -> FileKind:
    return _unpacked(data, lambda raw: bz2.BZ2Decompressor().decompress(raw, UNPACKED_BYTES), "bzip2-compressed")


CLOSER_LOOKS: tuple[tuple[bytes, Callable[[bytes], FileKind | None]], ...] = (
    (b"MZ", _pe),
    (b"\xca\xfe\xba\xbe", _fat),
    (b"\xd0\x0d\xfe\xed", _tree),
    (b"#!", _script),
    (b":", _intel_hex),
    (b"S", _s_record),
    (b"\xe9", _esp),
    (b"RIFF", _riff),
    (b"PK\x03\x04", _zip),
    (b"\x1f\x8b\x08", _gzip),
    (b"\xfd7zXZ\0", _xz),
    (b"BZh", _bzip2),
)
MAGIC_SIZES = tuple(sorted({len(magic) for magic in MAGIC}, reverse=True))
