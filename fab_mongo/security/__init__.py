"""Flask-AppBuilder's users, roles, groups and permissions in MongoDB."""
