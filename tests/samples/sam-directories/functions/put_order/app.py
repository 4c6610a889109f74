import json

from pathlib import Path

from order_store import STAGE
from checks import problems_of

SCHEMA = json.loads(Path(__file__).with_name("schema.json").read_text())


def lambda_handler(event, context):
    return {"stage": STAGE, "problems": problems_of(event, SCHEMA)}
