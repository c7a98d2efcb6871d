"""`python -m crawler.cli` and the command `gongkai`."""

import signal
import sys
from types import FrameType

SERVING = {"run", "serve"}  # what is ended by a signal and has done its work then


def main() -> None:
    """Run the command line."""
    serving = bool(SERVING.intersection(sys.argv)) and "--check" not in sys.argv
    if serving:
        signal.signal(signal.SIGTERM, _interrupt)  # until the command listens to it: it is promised to end well at any time
    try:
        _run()
    except KeyboardInterrupt:
        sys.exit(0 if serving else 130)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run() -> None:
    import gc

    gc.disable()  # while modules are imported, of which nothing is thrown away: a fifth of what that takes
    from crawler.cli import streams

    streams.prepare()
    from crawler.cli.main import run

    sys.exit(run())


if __name__ == "__main__":
    main()
