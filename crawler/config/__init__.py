"""TOML to frozen values, every error with file, line and column; schemas and fixtures of sources. The door to pydantic.

Nothing is opened, made or connected here.
"""
