"""Setting up a new organisation: starting sets by line of business, several users invited at once, what is done."""
