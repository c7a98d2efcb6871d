"""The whole configuration, for the commands that need more of it than where the database is."""

import typer

from crawler.cli.options import file_of
from crawler.config.load import survey
from crawler.config.values import Config


def configured(context: typer.Context) -> Config:
    """The configuration that --config, GONGKAI_CONFIG or the folder names. A source whose file is wrong is in its `broken` only."""
    return survey(file_of(context))
