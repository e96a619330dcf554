import CCurl
import FoundationEssentials

extension RunningTransfer {
    func setUpConnection(_ endpoint: HTTPEndpoint) {
        studio_curl_set_number(easy, CURLOPT_NOSIGNAL, 1)
        // A name that is being looked up does not hold up the end of its transfer.
        studio_curl_set_number(easy, CURLOPT_QUICK_EXIT, 1)
        studio_curl_set_text(easy, CURLOPT_PROXY, "")
        studio_curl_set_number(easy, CURLOPT_TCP_KEEPALIVE, 1)
        studio_curl_set_number(easy, CURLOPT_CONNECTTIMEOUT_MS, 10_000)
        studio_curl_set_number(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        studio_curl_set_number(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        studio_curl_set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        studio_curl_set_text(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
        studio_curl_set_error_buffer(easy, errorText)
        switch endpoint {
        case .network: break
        case .unixSocket(let path): studio_curl_set_text(easy, CURLOPT_UNIX_SOCKET_PATH, path)
        case .tls(let files):
            if let path = files.authorities { studio_curl_set_text(easy, CURLOPT_CAINFO, path) }
            if let path = files.certificate { studio_curl_set_text(easy, CURLOPT_SSLCERT, path) }
            if let path = files.key { studio_curl_set_text(easy, CURLOPT_SSLKEY, path) }
        }
    }

    func setUpRequest() throws(TransferError) {
        let request = call.request
        studio_curl_set_text(easy, CURLOPT_URL, request.url)
        if request.redirects > 0 {
            studio_curl_set_number(easy, CURLOPT_FOLLOWLOCATION, 1)
            studio_curl_set_number(easy, CURLOPT_MAXREDIRS, request.redirects)
        }
        if let timeout = request.timeout {
            let (seconds, attoseconds) = timeout.components
            let milliseconds = Int(clamping: seconds).multipliedReportingOverflow(by: 1000).partialValue
            studio_curl_set_number(
                easy, CURLOPT_TIMEOUT_MS, max(1, milliseconds + Int(attoseconds / 1_000_000_000_000_000)))
        }
        // A kept connection that turns out to be dead makes libcurl send the request again by itself, though the server may
        // have taken it. What must not be done twice goes over a new one, over which nothing is repeated.
        if !["GET", "HEAD", "PUT", "DELETE"].contains(request.method) {
            studio_curl_set_number(easy, CURLOPT_FRESH_CONNECT, 1)
        }
        try setUpBody()
        // After the body, whose kind has a method of its own.
        if request.method == "HEAD" {
            studio_curl_set_number(easy, CURLOPT_NOBODY, 1)
        } else {
            studio_curl_set_text(easy, CURLOPT_CUSTOMREQUEST, request.method)
        }
        // Servers are not asked whether they want the body, and libcurl is not to guess its type.
        var lines = ["Expect:"]
        if case .bytes = request.body, !request.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            lines.append("Content-Type:")
        }
        // A semicolon is libcurl's way to say that a header is there and empty.
        lines += request.headers.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
        for line in lines { headerList = curl_slist_append(headerList, line) }
        studio_curl_set_headers(easy, headerList)
    }

    private func setUpBody() throws(TransferError) {
        switch call.request.body {
        case .none:
            if !["GET", "HEAD", "DELETE"].contains(call.request.method) { studio_curl_set_body(easy, "", 0) }
        case .bytes(let data):
            data.withUnsafeBytes {
                _ = studio_curl_set_body(easy, $0.baseAddress ?? UnsafeRawPointer(errorText), Int64($0.count))
            }
        case .file(let path):
            send(try UploadFile(path))
        case .filePart(let path, let start, let count):
            send(try UploadFile(path, from: start, count: count))
        case .form(let parts):
            guard let form = curl_mime_init(easy) else { throw TransferError(.unreachable, "libcurl has no memory") }
            self.form = form
            for part in parts { try add(part, to: form) }
            studio_curl_set_form(easy, form)
        }
    }

    private func send(_ file: UploadFile) {
        upload = file
        studio_curl_set_number(easy, CURLOPT_UPLOAD, 1)
        studio_curl_set_size(easy, CURLOPT_INFILESIZE_LARGE, file.size)
    }

    private func add(_ part: FormPart, to form: OpaquePointer) throws(TransferError) {
        let made = curl_mime_addpart(form)
        curl_mime_name(made, part.name)
        switch part.content {
        case .bytes(let data): data.withUnsafeBytes { _ = curl_mime_data(made, $0.baseAddress, $0.count) }
        case .file(let path):
            // libcurl opens it when its turn comes; what cannot be opened is told now.
            _ = try UploadFile(path)
            curl_mime_filedata(made, path)
        }
        // A file's own name is nobody's business.
        curl_mime_filename(made, part.fileName)
        if let type = part.mediaType { curl_mime_type(made, type) }
    }
}
