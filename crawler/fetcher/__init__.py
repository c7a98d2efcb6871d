"""One hop to an Exchange: guard, transport, TLS, decoding, robots.txt. The door to httpx.

No decision about what is fetched next, and nothing that is kept.
"""
