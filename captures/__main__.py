"""Writes the captures whose generators stand beside them, and the index: `python -m captures [WORD]`, from the top folder of the repository.

A generator is a file `*.pcap.py` with `CAPTURES`: file name, and the function without arguments that returns the file's bytes.
With WORD, only generators with WORD in their path run, those of captures that are not kept included.
"""

from __future__ import annotations

import sys

from captures._index import FOLDER, PAGE, contents, generators, is_kept, page

if __name__ == "__main__":
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    for generator in generators():
        if word in str(generator.relative_to(FOLDER)) if word else is_kept(generator):
            for name, maker in contents(generator).items():
                generator.with_name(name).write_bytes(maker())
    PAGE.write_text(page(), encoding="utf-8")
