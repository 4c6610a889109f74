def problems_of(order, schema):
    return [f"{name} is missing" for name in schema["required"] if name not in order]
