import CCurl

extension TransferError {
    /// Translates libcurl's result, with its words about it.
    init(_ result: CURLcode, _ words: String) {
        let text = words.isEmpty ? String(cString: curl_easy_strerror(result)) : words
        self.init(Self.code(of: result, text), text)
    }

    private static func isLost(_ text: String) -> Bool {
        let text = text.lowercased()
        return ["ssl_error_syscall", "reset by peer", "unexpected eof", "broken pipe"].contains { text.contains($0) }
    }

    private static func code(of result: CURLcode, _ text: String) -> Code {
        switch result {
        case CURLE_RECV_ERROR where text.contains("alert"), CURLE_SEND_ERROR where text.contains("alert"):
            // A server that wants a certificate says so only once the connection is made.
            .tls
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING,
            CURLE_PARTIAL_FILE, CURLE_OUT_OF_MEMORY, CURLE_INTERFACE_FAILED, CURLE_FAILED_INIT:
            .unreachable
        case CURLE_OPERATION_TIMEDOUT: .timedOut
        // Whatever ends a handshake: a certificate that is refused, a server that speaks something else, but also a connection
        // that is lost in it, in OpenSSL's words.
        case CURLE_SSL_CONNECT_ERROR where isLost(text): .unreachable
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CERTPROBLEM, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CRL_BADFILE, CURLE_SSL_INVALIDCERTSTATUS,
            CURLE_SSL_CLIENTCERT, CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED:
            .tls
        case CURLE_FILESIZE_EXCEEDED: .tooLarge
        case CURLE_URL_MALFORMAT: .invalidRequest
        case CURLE_READ_ERROR, CURLE_WRITE_ERROR, CURLE_ABORTED_BY_CALLBACK, CURLE_FILE_COULDNT_READ_FILE: .fileFailed
        default: .protocolViolation
        }
    }
}
