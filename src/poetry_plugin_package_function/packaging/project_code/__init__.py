"""Where the handler's module is in the project, and what it needs of that."""
