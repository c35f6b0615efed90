"""What a terminal's text shows: a login, a shell that waits for a command, the output of one."""

from __future__ import annotations

import re
from typing import Final

LOGIN: Final = "login"
PASSWORD: Final = "password"
REFUSED: Final = "refused"
PROMPT: Final = "prompt"
ROOT_PROMPT: Final = "root prompt"
MENU: Final = "command prompt"
BANNER: Final = "banner"
IDENTITY: Final = "identity"
ROOT_IDENTITY: Final = "root identity"
SYSTEM: Final = "system"
ACCOUNTS: Final = "accounts"
ERROR: Final = "error"
LISTING: Final = "listing"

OUTPUT = (IDENTITY, ROOT_IDENTITY, SYSTEM, ACCOUNTS, ERROR, LISTING)
"""Of commands."""
SHELL = (PROMPT, ROOT_PROMPT, BANNER, *OUTPUT)
ROOT = (ROOT_PROMPT, ROOT_IDENTITY, ACCOUNTS)

LOOKED_AT_BYTES = 4_096
"""Of text that keeps coming, the end is looked at."""
LONGEST_PROMPT_BYTES = 100

_ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[@-Z\\^_])|[\0\x07]")
_SPACED = re.compile(rb"(?:\[?[\w.-]*@?[\w.-]*[: ]?[\w./~-]*\]?[ ]?)([#$]) ")
"""`# `, `/ # `, `cam# `, `[root@cam ~]# `: with the space that shells end their prompt with."""
_SHAPED = re.compile(rb"(?:[\w.-]+@[\w.-]+[: ]\S*|\[[\w.-]+@[\w.-]+ \S+\]|[/~]\S* ?|-?(?:ba|a|da|k|z)?sh-[0-9.]+\w*)([#$])")
"""The same without it, where the rest leaves no doubt."""
_WINDOWS = re.compile(rb"(?:PS )?[A-Z]:\\[^<>|\"*?]*> ?")
_MENU = re.compile(rb"[\w.@()-]{1,40}> ?")
_LOGIN = re.compile(rb"(?:^|[^\w])(?:login|user ?name|user|account)(?: name)?\s*:[ \t]*(?:$|[\r\n])", re.IGNORECASE)
_PASSWORD = re.compile(rb"(?:^|[^\w])(?:password|passwd|passcode|passphrase)(?: for [\w.@-]+)?\s*:[ \t]*(?:$|[\r\n])", re.IGNORECASE)
_REFUSED = re.compile(
    rb"login incorrect|login failed|login failure|access denied|authentication fail|(?:incorrect|invalid|wrong|bad) (?:login|password|user)",
    re.IGNORECASE,
)
_LINE = rb"(?:^|[\r\n]|[#$] )"
_IDENTITY = re.compile(_LINE + rb"uid=(?:(0)(?=[\s(]|$)|[0-9]{1,10}\()")
_OTHERS = (
    (
        BANNER,
        re.compile(
            rb"BusyBox v[0-9.]{1,12}[^\r\n]{0,80}|built-in shell \(\w+\)|can't access tty; job control turned off|no job control in this shell"
            rb"|Microsoft Windows \[Version "
        ),
    ),
    (SYSTEM, re.compile(_LINE + rb"Linux \S{1,64} [0-9]+\.[0-9]+\S* #[0-9]+|" + _LINE + rb"Linux version [0-9]+\.[0-9]+")),
    (ACCOUNTS, re.compile(_LINE + rb"root:[^:\r\n]{0,200}:(?:0:0:|[0-9]{4,6}:)")),
    (
        ERROR,
        re.compile(_LINE + rb"-?(?:/bin/)?(?:ba|a|da)?sh: (?:[0-9]+: |line [0-9]+: )?[^\r\n:]{1,80}: (?:command )?(?:not found|Permission denied)"),
    ),
    (LISTING, re.compile(_LINE + rb"[dlcb-](?:[r-][w-][xsS-]){2}[r-][w-][xtT-][.+]? +[0-9]+ \S+ +\S+ +[0-9]+[, ]")),
)  # fmt: skip


def signs_of(text: bytes) -> tuple[str, ...]:
    """What `text`, which a terminal's far side sent, shows; each sign once. MENU stands only for itself: other dialogues end so too."""
    plain = _ESCAPES.sub(b"", text[-LOOKED_AT_BYTES:])
    found = [sign for sign, pattern in ((LOGIN, _LOGIN), (PASSWORD, _PASSWORD), (REFUSED, _REFUSED)) if pattern.search(plain)]
    found += [sign for sign, pattern in _OTHERS if pattern.search(plain)]
    identity = _IDENTITY.search(plain)
    if identity:
        found.append(ROOT_IDENTITY if identity[1] else IDENTITY)
    return (*found, *_waits(plain))


def _waits(plain: bytes) -> tuple[str, ...]:
    """What the last line says of who is waited for."""
    last = re.split(rb"[\r\n]", plain[-LONGEST_PROMPT_BYTES:])[-1]
    prompt = _SPACED.fullmatch(last) or _SHAPED.fullmatch(last)
    if prompt:
        return (ROOT_PROMPT if prompt[1] == b"#" else PROMPT,)
    if _WINDOWS.fullmatch(last):
        return (PROMPT,)
    return (MENU,) if _MENU.fullmatch(last) else ()
