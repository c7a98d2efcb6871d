"""The notice as a record: its model, how a draft becomes one, what differs between two, its JSON Schema.

Pure; nothing that knows where a notice came from or where it is stored.
"""
