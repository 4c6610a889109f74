import yaml

from dateutil.relativedelta import relativedelta
from dateutil.parser import isoparse


def lambda_handler(event, context):
    day = isoparse(event["day"]) + relativedelta(months=1)
    return yaml.safe_dump({"next": day.date().isoformat()})
