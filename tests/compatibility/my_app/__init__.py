"""A project with a handler for each library; it is packaged, not imported here."""
