"""``python -m genregenie`` is the same as the ``genregenie`` command."""

from genregenie.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
