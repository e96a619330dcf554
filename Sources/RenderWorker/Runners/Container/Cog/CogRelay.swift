/// The small program that stands before a model's server in its container, so that the container needs no network.
///
/// It runs the image's own command, carries connections from a Unix socket in a folder that worker and container share to the
/// server's port, and takes the files that the server would put into its answers as data URLs: a file of 300 MB cost the real
/// server 2.4 GB of memory as a data URL, and 0.6 GB put to an address. It needs nothing but the Python of the image, which
/// Cog needs too. It ends with the command, and the command's end is its own.
enum CogRelay {
    /// The folder with the socket, in the container.
    static let link = "/studio/link"
    /// The folder of input files, in the container; read-only there.
    static let inputs = "/studio/inputs"
    /// The folder that files of the model are put into, in the container.
    static let outputs = "/studio/outputs"
    /// The socket's name.
    static let socket = "cog.sock"
    /// What the addresses of files begin with that were put into ``outputs``.
    static let uploads = "http://127.0.0.1:5099/outputs/"
    /// What the server is asked at, over the socket.
    static let address = "http://cog"

    /// The program and its arguments.
    ///
    /// - Parameters:
    ///   - command: The image's own command, its entry point first.
    ///   - outputBytes: The most that the files of one prediction may have together.
    /// - Returns: A command that runs the image's under the relay.
    static func command(_ command: [String], outputBytes: Int64) -> [String] {
        var command = command
        // Another program than Cog's own may not know these, and sends its files as it likes.
        if command.contains("cog.server.http") {
            command += ["--host", "127.0.0.1", "--upload-url", uploads]
        }
        return ["python", "-c", source, String(outputBytes)] + command
    }

    /// Variables that the server is to have, whatever the image says.
    static let environment = [
        "PORT": "5000", "PYTHONUNBUFFERED": "1",
        // Events that are not taken fast enough end the stream, with the prediction.
        "COG_STREAM_HISTORY_CAPACITY": "65536",
    ]

    /// The program.
    static let source = #"""
        import http.server, itertools, os, re, signal, socket, subprocess, sys, threading

        LINK, OUTPUTS = "/studio/link/cog.sock", "/studio/outputs"
        LIMIT, COMMAND = int(sys.argv[1]), sys.argv[2:]
        numbers, used = itertools.count(1), {}


        def carry(source, sink):
            try:
                while data := source.recv(65536):
                    sink.sendall(data)
            except OSError:
                pass
            finally:
                try:
                    sink.shutdown(socket.SHUT_WR)
                except OSError:
                    pass


        def serve(client):
            with client:
                try:
                    server = socket.create_connection(("127.0.0.1", 5000))
                except OSError:
                    return
                with server:
                    back = threading.Thread(target=carry, args=(server, client), daemon=True)
                    back.start()
                    carry(client, server)
                    back.join()


        def listen(listener):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=serve, args=(client,), daemon=True).start()


        class Upload(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PUT(self):
                left = int(self.headers["Content-Length"])
                name = re.sub(r"[^A-Za-z0-9._-]", "_", self.path.rsplit("/", 1)[-1])[-100:].lstrip(".") or "file"
                job = re.sub(r"[^A-Za-z0-9_-]", "_", self.headers.get("X-Prediction-Id") or "any")[:100]
                if job not in used:
                    used.clear()
                used[job] = used.get(job, 0) + left
                if used[job] > LIMIT:
                    # A connection that is cut while the server still sends takes the answer with it.
                    while left and (data := self.rfile.read(min(left, 1 << 20))):
                        left -= len(data)
                    return self.send_error(413)
                place = f"{job}/{next(numbers)}-{name}"
                os.makedirs(f"{OUTPUTS}/{job}", exist_ok=True)
                with open(f"{OUTPUTS}/{place}", "xb") as file:
                    while left:
                        data = self.rfile.read(min(left, 1 << 20))
                        if not data:
                            raise ConnectionError
                        file.write(data)
                        left -= len(data)
                os.chmod(f"{OUTPUTS}/{place}", 0o644)
                self.send_response(201)
                self.send_header("Location", f"http://127.0.0.1:5099/outputs/{place}")
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_POST = do_PUT

            def log_message(self, *_):
                pass


        def environment():
            # The server cannot send anything to any address where it finds no authorities, not even without TLS.
            try:
                import certifi, ssl

                known = ssl.get_default_verify_paths()
                if not known.cafile and not (known.capath and os.listdir(known.capath)):
                    return {"SSL_CERT_FILE": certifi.where(), **os.environ}
            except (ImportError, OSError):
                pass
            return os.environ


        os.umask(0o022)
        try:
            os.unlink(LINK)
        except FileNotFoundError:
            pass
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(LINK)
        os.chmod(LINK, 0o666)
        listener.listen(16)
        uploads = http.server.ThreadingHTTPServer(("127.0.0.1", 5099), Upload)
        uploads.daemon_threads = True
        server = subprocess.Popen(COMMAND, env=environment())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _: server.send_signal(number))
        for work in (lambda: listen(listener), uploads.serve_forever):
            threading.Thread(target=work, daemon=True).start()
        status = server.wait()
        os._exit(status if status >= 0 else 128 - status)
        """#
}
