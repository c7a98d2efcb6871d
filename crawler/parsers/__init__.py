"""A page to a Reading: rows and pager of a list, notices of a detail page. The door to selectolax.

No network, no clock, no database; `child` is the process in which all of it runs.
"""
