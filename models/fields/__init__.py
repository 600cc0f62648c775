"""The heart: kinds of field, field definitions, and the list of fields that a register is."""
