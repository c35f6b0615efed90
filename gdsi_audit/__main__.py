"""python -m gdsi_audit."""

from gdsi_audit.cli import main

main()
