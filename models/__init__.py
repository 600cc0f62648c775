"""What is kept: documents, their QuerySets and rules, one file a domain."""
