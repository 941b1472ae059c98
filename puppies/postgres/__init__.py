"""The database engine of the settings: Django's for PostgreSQL, which notices a connection that has died at no cost."""
