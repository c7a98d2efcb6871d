"""The whole configuration, for the commands that need more of it than where the database is."""

import typer

from crawler.cli.options import file_of
from crawler.config.load import load
from crawler.config.values import Config


def configured(context: typer.Context) -> Config:
    """The configuration that --config, GONGKAI_CONFIG or the folder names."""
    return load(file_of(context))
