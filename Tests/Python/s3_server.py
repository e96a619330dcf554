"""A server that speaks S3 for tests: moto's, behind a door that believes nothing.

    python s3_server.py PORT BUCKET

Every request has to be signed, by a header or in its address. What it should have been signed with is worked out by
botocore, so that a signature is held against another implementation than the one that made it. A body has to be what its
digest says. Two keys are known: `AKIATESTWRITER` may do everything, `AKIATESTREADER` may read only; the secret of both is
`secret of NAME`.

`POST /_control` with a header `x-replace: KEY` puts its body there, whatever belongs there, and without one takes
{"fail": N, "status": 503, "code": "SlowDown", "methods": ["PUT"], "containing": "?", "done": false}: the next N requests
(all for -1) of these methods and with that in their addresses are answered so, and where `done` is true they are carried out
before, as where an answer is lost. `GET /_control` tells what was asked, in order.
"""

import hashlib
import io
import json
import sys
import threading
import time
from calendar import timegm
from urllib.parse import parse_qsl

import boto3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from moto.core import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import WSGIRequestHandler, make_server

KEYS = ("AKIATESTWRITER", "AKIATESTREADER")
UNSIGNED = "UNSIGNED-PAYLOAD"


class Refused(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Door:
    """The door before moto."""

    def __init__(self, app, bucket, region="us-east-1"):
        self.app, self.bucket, self.region = app, bucket, region
        self.lock = threading.Lock()
        self.asked, self.fault = [], None

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] == "/_control":
            return self.control(environ, start_response)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = io.BytesIO(body)
        method, raw = environ["REQUEST_METHOD"], environ.get("RAW_URI") or environ["REQUEST_URI"]
        with self.lock:
            self.asked.append({"method": method, "address": raw, "length": length})
            fault = self.fault
            fails = fault and fault["fail"] != 0 and (not fault.get("methods") or method in fault["methods"])
            fails = fails and fault.get("containing", "") in raw
            if fails and fault["fail"] > 0:
                fault["fail"] -= 1
        try:
            instead = fails and Refused(fault.get("status", 503), fault.get("code", "SlowDown"), "as the test asked")
            if fails and not fault.get("done"):
                raise instead
            key = self.check(environ, method, raw, body)
            if key == "AKIATESTREADER" and method not in ("GET", "HEAD"):
                raise Refused(403, "AccessDenied", "Access Denied")
            if fails:
                for _ in self.app(environ, lambda *answer: lambda body: None):
                    pass
                raise instead
        except Refused as refused:
            return self.refuse(refused, method, start_response)
        wanted = {
            name[9:]: value for name, value in parse_qsl(environ["QUERY_STRING"]) if name.startswith("response-")}

        def start(status, headers, *rest):
            kept = [(name, value) for name, value in headers if name.lower() not in wanted]
            return start_response(status, kept + list(wanted.items()), *rest)

        return self.app(environ, start)

    def check(self, environ, method, raw, body):
        path, _, query = raw.partition("?")
        parameters = dict(parse_qsl(query, keep_blank_values=True))
        if "X-Amz-Signature" in parameters:
            return self.check_address(environ, method, path, parameters)
        header = environ.get("HTTP_AUTHORIZATION", "")
        if not header.startswith("AWS4-HMAC-SHA256 "):
            raise Refused(403, "AccessDenied", "Access Denied")
        parts = dict(part.strip().split("=", 1) for part in header[17:].split(","))
        key = self.key(parts["Credential"])
        headers = {name: self.header(environ, name) for name in parts["SignedHeaders"].split(";")}
        for wanted in ("host", "x-amz-date", "x-amz-content-sha256"):
            if headers.get(wanted) is None:
                raise Refused(403, "AccessDenied", wanted + " is not signed")
        if headers["x-amz-content-sha256"] not in (hashlib.sha256(body).hexdigest(), UNSIGNED):
            raise Refused(400, "XAmzContentSHA256Mismatch", "the body is another")
        if abs(time.time() - self.time(headers["x-amz-date"])) > 900:
            raise Refused(403, "RequestTimeTooSkewed", "the clocks differ")
        url = "http://" + headers["host"] + path
        request = AWSRequest(method, url, headers=headers, params=parameters)
        self.compare(request, key, headers["x-amz-date"], parts["Signature"])
        return key

    def check_address(self, environ, method, path, parameters):
        given = parameters.pop("X-Amz-Signature")
        key = self.key(parameters["X-Amz-Credential"])
        headers = {name: self.header(environ, name) for name in parameters["X-Amz-SignedHeaders"].split(";")}
        headers["X-Amz-Content-SHA256"] = UNSIGNED
        if time.time() > self.time(parameters["X-Amz-Date"]) + int(parameters["X-Amz-Expires"]):
            raise Refused(403, "AccessDenied", "Request has expired")
        # Not a signed header of these: botocore only takes it as the body's digest.
        request = AWSRequest(method, "http://" + headers["host"] + path, headers=headers, params=parameters)
        self.compare(request, key, parameters["X-Amz-Date"], given, leaving_out="x-amz-content-sha256")
        return key

    def compare(self, request, key, date, given, leaving_out=None):
        signer = S3SigV4Auth(Credentials(key, "secret of " + key), "s3", self.region)
        request.context["timestamp"] = date
        if leaving_out:
            plain = signer.headers_to_sign

            def headers_to_sign(request):
                headers = plain(request)
                del headers[leaving_out]
                return headers

            signer.headers_to_sign = headers_to_sign
        wanted = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
        if wanted != given:
            raise Refused(403, "SignatureDoesNotMatch", "signed otherwise")

    def key(self, credential):
        name, _, region, service, end = credential.split("/")
        if name not in KEYS:
            raise Refused(403, "InvalidAccessKeyId", "no such key")
        if (region, service, end) != (self.region, "s3", "aws4_request"):
            raise Refused(400, "AuthorizationHeaderMalformed", "another scope")
        return name

    @staticmethod
    def header(environ, name):
        if name == "content-type":
            return environ.get("CONTENT_TYPE")
        return environ.get("HTTP_" + name.upper().replace("-", "_"))

    @staticmethod
    def time(text):
        return timegm(time.strptime(text, "%Y%m%dT%H%M%SZ"))

    def control(self, environ, start_response):
        with self.lock:
            if environ["REQUEST_METHOD"] == "POST":
                body, answer = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])), {}
                if "HTTP_X_REPLACE" in environ:
                    self.backend().put_object(self.bucket, environ["HTTP_X_REPLACE"], body)
                else:
                    self.fault = json.loads(body)
            else:
                answer = self.asked
        body = json.dumps(answer).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    @staticmethod
    def backend():
        return s3_backends[DEFAULT_ACCOUNT_ID]["aws"]

    @staticmethod
    def refuse(refused, method, start_response):
        text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>%s</Message></Error>"
        body = b"" if method == "HEAD" else (text % (refused.code, refused.message)).encode()
        start_response(
            "%d Refused" % refused.status,
            [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
        return [body]


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *arguments):
        pass


def main():
    port, bucket = int(sys.argv[1]), sys.argv[2]
    server = make_server(
        "127.0.0.1", port, Door(DomainDispatcherApplication(create_backend_app), bucket), threaded=True,
        request_handler=Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client = boto3.client(
        "s3", endpoint_url="http://127.0.0.1:%d" % port, aws_access_key_id=KEYS[0],
        aws_secret_access_key="secret of " + KEYS[0], region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required"))
    client.create_bucket(Bucket=bucket)
    print("ready", flush=True)
    threading.Event().wait()


main()
