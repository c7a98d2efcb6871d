"""`run`, `crawl` and `reindex`: the commands that write to the archive."""

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Annotated

import typer

from crawler.cli import output
from crawler.cli.options import Json, settings
from crawler.pipeline import Progress

CRAWL = """One-off crawl of sources (all enabled ones without a name), with progress, to its end.

Example: gongkai crawl demo --max-pages 3"""
RUN = """The daemon: fires every enabled source by its schedule until SIGTERM or Ctrl-C.

Example: gongkai run"""
REINDEX = """Rebuild the database from the WARC files: same documents, versions and ids.

Example: gongkai reindex"""
