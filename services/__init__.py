"""What is done: one file a domain; all writes live here."""
