"""`python -m crawler.cli` and the command `gongkai`."""

import sys

SERVING = {"run", "serve"}  # what is ended by a signal and has done its work then


def main() -> None:
    """Run the command line."""
    serving = bool(SERVING.intersection(sys.argv)) and "--check" not in sys.argv
    if serving:
        import signal

        signal.signal(signal.SIGTERM, _interrupt)  # until the command listens to it: it is promised to end well at any time
    try:
        code = _run()
    except KeyboardInterrupt:
        code = 0 if serving else 130
    exec("")  # noqa: S102 - Python ends by SIGINT once Ctrl-C has passed through exec(), caught or not, until there is another exec()
    sys.exit(code)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _run() -> int:
    import gc

    gc.disable()  # while modules are imported, of which nothing is thrown away: a fifth of what that takes
    from crawler.cli import streams

    streams.prepare()
    from crawler.cli.main import run

    return run()


if __name__ == "__main__":
    main()
