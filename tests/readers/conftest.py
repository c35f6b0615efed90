"""What the readers' tests share: the generator of malformed captures, and reading bytes to the end."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "captures" / "malformed"))
