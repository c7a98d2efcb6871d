"""A small government site in this machine, and the story that is played on it.

Nothing outside `cli demo` and the tests needs it.
"""
