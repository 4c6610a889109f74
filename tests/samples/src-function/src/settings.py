import os

BUCKET = os.environ.get("BUCKET", "thumbnails")
LARGEST = 1024
