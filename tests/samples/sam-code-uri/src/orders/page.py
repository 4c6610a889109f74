import json

from pathlib import Path

SIZE = json.loads((Path(__file__).parent / "page.json").read_text())["size"]


def page_of(items):
    return items[:SIZE]
