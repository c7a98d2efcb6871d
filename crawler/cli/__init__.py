"""Arguments in, text out: one module a group of commands. The door to Typer and Rich.

Nothing is decided here; whatever a command does, a library call does.
"""
