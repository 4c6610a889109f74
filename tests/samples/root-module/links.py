LINKS = {"docs": "https://example.org/documentation"}
