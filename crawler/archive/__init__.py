"""WARC files: writing, reading, recovery, and the locks that say who is alive.

No database: the files can tell everything again by themselves.
"""
