"""What is not well and who is told: health of sources, alarms, the days on which offices publish.

`health` and `workdays` are pure; nothing here fetches pages of sources.
"""
