"""stub"""

import argparse


def add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("--grow", action="store_true")


def run(chosen: argparse.Namespace) -> int:
    return 0
