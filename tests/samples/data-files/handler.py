import json

from importlib.resources import files
from pathlib import Path
from string import Template

import toml

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"

with open("rules.json") as file:
    RULES = json.load(file)
with open(HERE / "config" / "shop.toml") as file:
    SHOP = toml.load(file)
COUNTRIES = files("geo").joinpath("countries.csv").read_text().split()


def handler(event, context):
    text = Template((TEMPLATES / f"{event['kind']}.txt").read_text())
    return {
        "text": text.substitute(shop=SHOP["name"]).strip(),
        "discount": RULES["discount"],
        "countries": COUNTRIES,
    }
