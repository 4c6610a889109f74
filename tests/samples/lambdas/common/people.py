PEOPLE = {"1": {"name": "Ada"}}
