"""The line: keep and settle as load, decide, apply; the children that read; the engine that drives it all.

What is decided here is pure and takes values; what is stored goes through `repository`.
"""
