"""When a source fires: schedules to slots, and the clock that claims them. The door to APScheduler.

No work is done here; a slot taken is a row of `runs`.
"""
