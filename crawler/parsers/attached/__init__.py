"""The documents that notices come with: bytes → their text with the places it stands at. Pure: no network, no file, nothing run.

A format's library is imported where it is needed and is part of the extra `attachments`; without it the document has no text, and says so.
"""
