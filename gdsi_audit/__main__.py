"""`gdsi-audit`, and `python -m gdsi_audit`."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """The entry point; whoever interrupts while the command itself is still being loaded sees no traceback either."""
    try:
        from gdsi_audit.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("gdsi-audit: interrupted; no file was written\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
