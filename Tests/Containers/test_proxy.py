"""The TLS proxy of docker-compose.tls.yml before gateways that are none: they say what they were asked."""

import http.client
import os
import pathlib
import ssl
import subprocess
import time
import urllib.parse

import pytest

PROXY = pathlib.Path(__file__).resolve().parents[2] / "compose" / "proxy"
IMAGE = "studio-test/proxy"
# HAProxy too: the image that is there has it. It answers as READY and AWAY say, with its name and what it heard.
GATEWAY = """
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend gateway
    bind :8000
    http-request return status 503 if { path /readyz } { env(READY) -m str no }
    http-request return status 200 if { path /readyz }
    http-request return status 503 content-type text/plain string away if { env(AWAY) -m str yes }
    http-request return status 200 content-type text/plain lf-string "name: %[env(NAME)]\\n%[req.hdrs]"
"""


def docker(*arguments):
    done = subprocess.run(["docker", *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, f"docker {' '.join(map(str, arguments))}: {done.stderr}{done.stdout}"
    return done.stdout.strip()


def until(what, check, seconds=60):
    """Asks until the answer is true. The bound guards against waiting for ever, and measures nothing."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, f"{what} did not come within {seconds} s"
        time.sleep(0.1)


class Site:
    """A proxy and its gateways, on a network of their own."""

    confined = ("--init", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")

    def __init__(self, name):
        self.name = name
        self.containers = []
        docker("build", "--tag", IMAGE, PROXY)
        docker("network", "create", name)
        docker("volume", "create", name)

    def remove(self):
        subprocess.run(["docker", "rm", "--force", "--volumes", *self.containers], capture_output=True)
        subprocess.run(["docker", "network", "rm", self.name], capture_output=True)
        subprocess.run(["docker", "volume", "rm", self.name], capture_output=True)

    def run(self, *arguments):
        identifier = docker("run", "--detach", *self.confined, "--network", self.name, *arguments)
        self.containers.append(identifier)
        return identifier

    def certificate(self, names):
        """What certificate.sh says; the certificate's fingerprint and names."""
        said = docker("run", "--rm", *self.confined, "--network", "none", "--env", f"TLS_NAMES={names}", "--volume", f"{self.name}:/certificates",
                      "--entrypoint", "sh", IMAGE, "/usr/share/studio/certificate.sh")
        shown = docker("run", "--rm", *self.confined, "--network", "none", "--volume", f"{self.name}:/certificates:ro", "--entrypoint", "sh", IMAGE,
                       "-c", "cd /certificates && openssl verify -CAfile authority.pem studio.pem && stat -c %a studio.pem.key && "
                       "openssl x509 -in studio.pem -noout -fingerprint -ext subjectAltName")
        return said, shown

    def gateway(self, name, ready="yes", away="no"):
        return self.run("--network-alias", "gateway", "--env", f"CONFIG={GATEWAY}", "--env", f"NAME={name}", "--env", f"READY={ready}",
                        "--env", f"AWAY={away}", "--entrypoint", "sh", IMAGE, "-c", 'printf %s "$CONFIG" >/tmp/c && exec haproxy -db -f /tmp/c')

    def proxy(self):
        identifier = self.run("--publish", "127.0.0.1::8443", "--publish", "127.0.0.1::8080", "--env", "TLS_PORT=443", "--env", "TLS_HSTS_SECONDS=60",
                              "--volume", f"{self.name}:/certificates:ro", IMAGE)
        self.secure, self.plain = (int(docker("port", identifier, port).splitlines()[0].rsplit(":", 1)[1]) for port in (8443, 8080))
        authority = docker("run", "--rm", "--volume", f"{self.name}:/certificates:ro", "--entrypoint", "cat", IMAGE, "/certificates/authority.pem")
        self.context = ssl.create_default_context(cadata=authority)
        return identifier

    def ask(self, path="/", method="GET", headers=None, plain=False):
        """The status, the headers and the lines of the answer; (0, …) where nobody answers."""
        if plain:
            connection = http.client.HTTPConnection("127.0.0.1", self.plain, timeout=20)
        else:
            connection = http.client.HTTPSConnection("localhost", self.secure, timeout=20, context=self.context)
        try:
            connection.request(method, path, headers=headers or {})
            reply = connection.getresponse()
            return reply.status, reply.headers, urllib.parse.unquote(reply.read().decode()).splitlines()
        except OSError:
            return 0, {}, []
        finally:
            connection.close()

    def answered_by(self, path="/", **request):
        status, _, lines = self.ask(path, **request)
        return lines[0].removeprefix("name: ") if status == 200 else status


@pytest.fixture
def site(request):
    site = Site(f"studio-proxy-{os.getpid()}-{request.node.name[:20].strip('_')}".replace("_", "-"))
    try:
        site.certificate("localhost,127.0.0.1,studio.example")
        yield site
    finally:
        site.remove()


def test_a_certificate_is_made_once(site):
    said, shown = site.certificate("other.example")
    assert "subject" in said and "made" not in said
    assert "studio.pem: OK" in shown and "\n600\n" in shown
    assert "DNS:localhost, IP Address:127.0.0.1, DNS:studio.example" in shown
    assert site.certificate("third.example")[1] == shown


def test_gateways_hear_who_asks_and_clients_what_is_theirs(site):
    site.gateway("a")
    site.proxy()
    until("the gateway answers", lambda: site.answered_by() == "a")
    lies = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example", "Forwarded": "for=6.6.6.6"}
    status, headers, lines = site.ask("/", headers=lies)
    heard = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
    assert status == 200 and headers["strict-transport-security"] == "max-age=60"
    assert heard["x-forwarded-proto"] == "https" and heard["x-forwarded-for"] not in ("6.6.6.6", "")
    assert heard["host"] == f"localhost:{site.secure}"
    assert {name for name in heard if "forwarded" in name} == {"x-forwarded-for", "x-forwarded-proto"}
    assert "6.6.6.6" not in "".join(lines) and "evil" not in "".join(lines)
    for path in ("/metrics", "//metrics", "/metrics/", "/%6detrics", "/metrics?a=b"):
        assert site.ask(path)[0] == 404, path
    status, headers, _ = site.ask("/projects?a=b", headers={"Host": "studio.example:80"}, plain=True)
    assert (status, headers["location"]) == (308, "https://studio.example/projects?a=b")


def test_who_is_not_ready_is_asked_only_where_nobody_is(site):
    site.gateway("starting", ready="no")
    site.proxy()
    until("one says what is missing", lambda: site.answered_by() == "starting")
    site.gateway("ready")
    # While it is found, both may be asked in turn.
    until("the other is found, and asked alone", lambda: {site.answered_by() for _ in range(6)} == {"ready"})
    assert {site.answered_by() for _ in range(30)} == {"ready"}


def test_what_is_safe_is_tried_again(site):
    site.gateway("away", away="yes")
    well = site.gateway("well")
    site.proxy()
    # Both are asked in turn: without a second try one of two fails.
    until("both are found", lambda: {site.answered_by(method="POST") for _ in range(6)} == {"well", 503})
    assert {site.answered_by() for _ in range(30)} == {"well"}
    assert {site.answered_by(method="POST", headers={"Idempotency-Key": "one"}) for _ in range(30)} == {"well"}
    # Nobody listens there any more, and nothing was begun: whatever it is, it goes elsewhere.
    site.gateway("other")
    until("the third is found", lambda: "other" in {site.answered_by() for _ in range(6)})
    docker("kill", well)
    assert {site.answered_by(method="POST") for _ in range(30)} == {"other", 503}
