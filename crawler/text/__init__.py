"""Text before it means anything: bytes to characters, dates, addresses, folding, words for search.

Pure functions of their arguments; no HTML, no network, no database.
"""
