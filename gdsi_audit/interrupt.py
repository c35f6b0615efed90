"""Ctrl-C, remembered.

Python raises KeyboardInterrupt wherever the main thread happens to be; where that is a finaliser, a weak reference's callback or a library's bare
`except`, it is lost, and the run would go on and end as if nobody had asked. So it is noted as well, and asked for where waiting or writing begins.
"""

from __future__ import annotations

import signal
from types import FrameType

_asked: list[int] = []


def listen() -> None:
    """From now on. Where the caller has it ignored, as a shell does for a job in the background, it stays ignored."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _note)


def _note(number: int, _frame: FrameType | None) -> None:
    _asked.append(number)
    raise KeyboardInterrupt


def came() -> bool:
    """Whether the user wants the run to end."""
    return bool(_asked)


def check() -> None:
    """Raises KeyboardInterrupt once more where one came."""
    if _asked:
        raise KeyboardInterrupt
