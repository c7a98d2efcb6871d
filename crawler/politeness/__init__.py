"""How a host is asked: pace, visiting hours, budgets, and the worker that holds one queue.

Pace and budget are pure; the worker reaches database and archive only through its backend.
"""
