"""The database: one module a noun, which reads and writes it. The door to SQLAlchemy and Alembic.

No rule of the house is decided here, and no page is read.
"""
