"""Alembic's scripts, run by `genregenie.accounts.database.Database.upgrade`."""
