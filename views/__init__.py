"""What is seen: one file a domain; parse, authorise, call a service, render."""
