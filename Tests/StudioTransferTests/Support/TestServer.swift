import FoundationEssentials
import StudioTestKit

/// A small HTTP server of Python's own library, with answers good and bad.
final class TestServer: Sendable {
    /// Where it listens.
    enum Place {
        case tcp
        case unix
        /// Over TLS, and only for clients with a certificate of the authority's.
        case tls(Certificates)
    }

    let process: ChildProcess
    /// What stands before every path.
    let address: String
    /// The Unix socket; empty for the others.
    let socket: String
    private let folder: TemporaryDirectory

    init(_ place: Place = .tcp) async throws {
        folder = try TemporaryDirectory("http")
        let program = try folder.write(Self.source.utf8, to: "server.py")
        let arguments: [String]
        switch place {
        case .tcp: (arguments, socket) = ([], "")
        case .unix:
            socket = folder.path("s")
            arguments = ["unix", socket]
        case .tls(let certificates):
            socket = ""
            arguments = [
                "tls", certificates.server.certificate, certificates.server.key, certificates.authority,
            ]
        }
        process = try ChildProcess("python3", ["-u", program] + arguments, directory: folder.path)
        let told = try await process.line(containing: "listening ")
        address = String(told.dropFirst("listening ".count))
    }

    /// How often it has said a line.
    func count(of line: String) -> Int { process.output.count { $0 == line } }

    private static let source = #"""
        import email.parser, email.policy, hashlib, http.server, json, os, socket, socketserver, ssl, sys

        def say(line):
            # In one write: `print` makes two of it, and another thread's words may come between.
            sys.stdout.write(line + "\n")

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def address_string(self):
                return "client"

            def log_message(self, *arguments):
                pass

            def answer(self, status, body, **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def body(self):
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))

            def chunk(self, data):
                self.wfile.write(b"%x\r\n" % len(data) + data + b"\r\n")

            def chunked(self):
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()

            def until_gone(self):
                say("waiting")
                try:
                    while self.connection.recv(4096):
                        pass
                except ConnectionError:
                    pass  # Who goes before reading all that was sent resets the connection.
                say("gone")
                self.close_connection = True

            def serve(self):
                kind, _, rest = self.path[1:].partition("/")
                getattr(self, "do_" + kind)(rest)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = serve

            def do_hello(self, rest):
                self.answer(200, b"hello", X_Mixed_Case="  a b ")

            def do_port(self, rest):
                self.answer(200, str(self.client_address[1]).encode())

            def do_echo(self, rest):
                body = self.body()
                self.answer(200, json.dumps({
                    "method": self.command, "length": len(body), "sha256": hashlib.sha256(body).hexdigest(),
                    "headers": {name.lower(): value for name, value in self.headers.items()},
                }).encode())

            def do_form(self, rest):
                head = b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n"
                form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + self.body())
                self.answer(200, json.dumps([{
                    "name": part.get_param("name", header="content-disposition"), "file": part.get_filename() or "",
                    "type": part["Content-Type"] or "",
                    "sha256": hashlib.sha256(part.get_payload(decode=True)).hexdigest(),
                } for part in form.iter_parts()]).encode())

            def do_status(self, rest):
                self.answer(int(rest), b"status " + rest.encode())

            def do_bytes(self, rest):
                self.answer(200, b"0123456789abcdef" * (int(rest) // 16))

            def do_redirect(self, rest):
                self.answer(302, b"elsewhere", Location="/hello")

            def do_endless(self, rest):
                self.chunked()
                sent = 0
                try:
                    while True:
                        self.chunk(b"x" * 65536)
                        sent += 65536
                        say("sent %d" % sent)
                except OSError:
                    say("gone")
                    self.close_connection = True

            def do_lines(self, rest):
                self.chunked()
                for number in range(int(rest)):
                    self.chunk(b"line %d\n" % number)
                self.wfile.write(b"0\r\n\r\n")

            def do_silent(self, rest):
                self.until_gone()

            def do_stall(self, rest):
                try:
                    self.chunked()
                    self.chunk(b"a little")
                except ConnectionError:
                    pass
                self.until_gone()

            def do_cut(self, rest):
                self.send_response(200)
                self.send_header("Content-Length", "100")
                self.end_headers()
                self.wfile.write(b"too short")
                self.close_connection = True

            def do_garbage(self, rest):
                self.wfile.write(b"nonsense\r\n\r\n")
                self.close_connection = True

            def do_heads(self, rest):
                self.send_response(200)
                for number in range(int(rest)):
                    self.send_header("X-%d" % number, "y" * 1000)
                self.send_header("Content-Length", "0")
                self.end_headers()

        class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
            daemon_threads = True
            request_queue_size = 64
            def handle_error(self, request, client):
                pass

        kind = sys.argv[1] if len(sys.argv) > 1 else "tcp"
        if kind == "unix":
            Server.address_family = socket.AF_UNIX
            server = Server(sys.argv[2], Handler)
            say("listening http://studio")
        else:
            server = Server(("127.0.0.1", 0), Handler)
            scheme = "http"
            if kind == "tls":
                context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=sys.argv[4])
                context.load_cert_chain(sys.argv[2], sys.argv[3])
                context.verify_mode = ssl.CERT_REQUIRED
                server.socket = context.wrap_socket(server.socket, server_side=True)
                scheme = "https"
            host = "localhost" if kind == "tls" else "127.0.0.1"
            say("listening %s://%s:%d" % (scheme, host, server.server_address[1]))
        server.serve_forever()
        """#
}
