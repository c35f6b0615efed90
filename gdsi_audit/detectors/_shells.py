"""Terminal dialogues of a device's flows: who shows a shell to whom, and whether a password was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gdsi_audit.detectors._exchanges import by_flow
from gdsi_audit.detectors._flow_rows import row_of
from gdsi_audit.detectors._published_text import published
from gdsi_audit.protocols import Message
from gdsi_audit.protocols._terminal_text import (
    ACCOUNTS,
    BANNER,
    ERROR,
    IDENTITY,
    LISTING,
    LOGIN,
    MENU,
    OUTPUT,
    PASSWORD,
    PROMPT,
    REFUSED,
    ROOT,
    ROOT_IDENTITY,
    ROOT_PROMPT,
    SHELL,
    SYSTEM,
)
from gdsi_audit.traffic import DeviceTraffic

PROTOCOLS = ("telnet", "terminal", "terminal_udp")
COMMAND_LINE = (*SHELL, MENU)
IN_WORDS = {
    LOGIN: "a login prompt",
    PASSWORD: "a password prompt",
    REFUSED: "a refusal",
    PROMPT: "a shell prompt",
    ROOT_PROMPT: "a root prompt",
    MENU: "a command prompt",
    BANNER: "a shell's banner",
    IDENTITY: "the output of the command id",
    ROOT_IDENTITY: "the output of the command id as root",
    SYSTEM: "the kernel's version",
    ACCOUNTS: "a list of accounts",
    ERROR: "a shell's error",
    LISTING: "a listing of files",
}


class Dialogue(NamedTuple):
    """The text of one flow, as far as it showed something."""

    row: int
    """Position in `tables.flows`."""
    shown: tuple[Message, ...]
    """What the device said."""
    heard: tuple[Message, ...]
    """What the other side said."""

    @property
    def signs(self) -> tuple[str, ...]:
        """What the device's text shows, each once, in order."""
        return tuple(dict.fromkeys(sign for message in self.shown for sign in message.body.signs))

    @property
    def has_shell(self) -> bool:
        """A shell, or the prompt of a device's own command line."""
        return any(sign in COMMAND_LINE for sign in self.signs)

    @property
    def is_root(self) -> bool:
        """Whether anything that was shown is root's alone."""
        return any(sign in ROOT for sign in self.signs)

    @property
    def asks_for_password(self) -> bool:
        """Before anything of a shell was shown."""
        before = next((place for place, sign in enumerate(self.signs) if sign in COMMAND_LINE), len(self.signs))
        return PASSWORD in self.signs[:before]

    @property
    def prompts(self) -> int:
        """Times that the device waited for the next command."""
        return sum(1 for message in self.shown if {PROMPT, ROOT_PROMPT} & set(message.body.signs))

    @property
    def outputs(self) -> int:
        """Times that the device showed the output of a command."""
        return sum(1 for message in self.shown if set(OUTPUT) & set(message.body.signs))

    @property
    def commands(self) -> int:
        """Commands for a shell that the other side sent, as far as they are known ones."""
        return sum(getattr(message.body, "commands", 0) for message in self.heard)


def dialogues(traffic: DeviceTraffic) -> Iterator[Dialogue]:
    """Of all flows in which the device's own text shows something."""
    heard = by_flow(traffic, *PROTOCOLS)
    for message in published(traffic):
        heard.setdefault(message.flow, []).append(message)
    if not heard:
        return
    rows = row_of(traffic)
    began = traffic.tables.flows["device_is_originator"]
    for flow, messages in heard.items():
        row = rows.get(flow)
        if row is None:
            continue
        shown = tuple(message for message in messages if message.from_responder != began[row] and message.body.signs)
        if shown:
            yield Dialogue(row, shown, tuple(message for message in messages if message.from_responder == began[row]))
