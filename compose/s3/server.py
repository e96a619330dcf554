"""A server that speaks S3 on port 9000, with the bucket that S3_BUCKET names. All of it is in memory."""

import os
import signal
import sys
import threading
import urllib.request

BUCKET = os.environ.get("S3_BUCKET", "studio")
ADDRESS = "http://127.0.0.1:9000"

if "--check" in sys.argv:
    urllib.request.urlopen(urllib.request.Request("%s/%s" % (ADDRESS, BUCKET), method="HEAD"), timeout=4)
    sys.exit()

import boto3  # noqa: E402
from botocore.config import Config  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402

ended = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: ended.set())
server = ThreadedMotoServer(ip_address="0.0.0.0", port=9000, verbose=False)
server.start()
client = boto3.client(
    "s3", endpoint_url=ADDRESS, aws_access_key_id="trial", aws_secret_access_key="trial", region_name="us-east-1",
    config=Config(s3={"addressing_style": "path"}))
client.create_bucket(Bucket=BUCKET)
print("s3://%s is there; everything in it is gone when this ends" % BUCKET)
ended.wait()
server.stop()
