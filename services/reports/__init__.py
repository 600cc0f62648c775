"""Reports that users make themselves: what is asked (`definition`), and what comes of it (`figures`)."""
