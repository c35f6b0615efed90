"""Text that a hostile party may put on the wire, as bytes; and its display form."""

from __future__ import annotations

from gdsi_audit.wire_text import display

POISON = (
    b"</script><img src=x onerror=alert(1)>", b'"><svg onload=alert(1)>', b'=HYPERLINK("http://x")', b"+1+1", b"-2", b"@SUM(A1)", b"\x1b]0;PWN\x07",
    b"\x1b]8;;http://x\x07", "\u202egnp.exe".encode(), b"{{7*7}}", b"{% raw %}", b"%s%n", b"../../etc/passwd", b"a\r\nINFO forged", b"\xed\xa0\x80",
    b"a" * 65536, b"\x00", b"\t=1", b"javascript:alert(1)", b"[bold red]x[/]", b":smile:",
)  # fmt: skip
SHOWN = tuple(display(raw) for raw in POISON)
"""As parsers hand it on."""
