import settings
import six


def handler(event, context):
    sizes = [size for size in event["sizes"] if size <= settings.LARGEST]
    return {"bucket": settings.BUCKET, "sizes": sizes, "python3": six.PY3}
