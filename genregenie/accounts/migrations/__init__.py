"""Alembic's scripts, run by `genregenie.storage.database.Database.upgrade`."""
