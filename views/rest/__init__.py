"""REST: every register, field definitions and jobs at /api/v1/, described by docs/rest.md and /api/v1/_openapi."""
