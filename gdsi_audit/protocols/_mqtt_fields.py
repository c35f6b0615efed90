"""The fields of one MQTT control packet (OASIS MQTT 5.0 section 1.5)."""

from __future__ import annotations


class Fields:
    """Reads the fields of one packet in turn; ValueError where one runs over its end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        behind = self._position + size
        if behind > len(self._data):
            raise ValueError(f"an MQTT field runs over the end at offset {self._position} of the packet")
        part, self._position = self._data[self._position : behind], behind
        return part

    def number(self, size: int) -> int:
        """A number of `size` bytes, high byte first."""
        return int.from_bytes(self.take(size))

    def text(self) -> bytes:
        """A string behind its length of two bytes."""
        return self.take(self.number(2))

    def properties(self) -> None:
        """Passes over the properties of version 5."""
        size = self.number(1)
        self.take(size if size < 0x80 else (size & 0x7F) + (self.number(1) << 7))

    def rest(self) -> bytes:
        """All bytes that are left, which stay to be read."""
        return self._data[self._position :]
