"""`python -m crawler.cli` and the command `gongkai`."""

import sys


def main() -> None:
    """Run the command line."""
    import gc

    gc.disable()  # while modules are imported, of which nothing is thrown away: a fifth of what that takes
    from crawler.cli import streams

    streams.prepare()
    from crawler.cli.main import run

    sys.exit(run())


if __name__ == "__main__":
    main()
