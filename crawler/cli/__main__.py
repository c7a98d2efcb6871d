"""`python -m crawler.cli` and the command `gongkai`."""

import sys


def main() -> None:
    """Run the command line."""
    from crawler.cli.main import run

    sys.exit(run())


if __name__ == "__main__":
    main()
