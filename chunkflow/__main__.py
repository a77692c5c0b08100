"""The console script, and `python -m chunkflow`."""

from chunkflow.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
