public import FoundationEssentials

/// A request of HTTP/1.1.
public struct HTTPRequest: Sendable {
    /// What is sent after the headers.
    public enum Body: Sendable {
        /// Nothing.
        case none
        /// These bytes. Their type is a header of the request's.
        case bytes(Data)
        /// A file, read as it is sent.
        case file(String)
        /// So many bytes of a file from one on, read as they are sent.
        case filePart(String, from: Int64, count: Int64)
        /// `multipart/form-data`; its files are read as they are sent.
        case form([FormPart])
    }

    /// The method, in capitals.
    public var method: String
    /// The whole address, `http` or `https`. Over a Unix socket its host is only what the server is told.
    public var url: String
    /// Headers beside those that HTTP itself needs.
    public var headers: [(name: String, value: String)]
    /// What is sent after the headers.
    public var body: Body
    /// How long all of it may take; nil is no limit.
    public var timeout: Duration?
    /// How long no byte may come or go; nil is no limit. The time in which the receiver of a stream works is not counted.
    public var stallTimeout: Duration?
    /// How many redirections are followed; by default none, and the answer that redirects is the response.
    public var redirects: Int

    /// A request.
    ///
    /// - Parameters:
    ///   - method: The method, in capitals; `GET` by default.
    ///   - url: The whole address, `http` or `https`.
    ///   - headers: Headers beside those that HTTP itself needs.
    ///   - body: What is sent after the headers.
    ///   - timeout: How long all of it may take, 30 s by default; nil is no limit.
    ///   - stallTimeout: How long no byte may come or go; nil, the default, is no limit.
    ///   - redirects: How many redirections are followed; by default none.
    public init(
        method: String = "GET", url: String, headers: [(name: String, value: String)] = [], body: Body = .none,
        timeout: Duration? = .seconds(30), stallTimeout: Duration? = nil, redirects: Int = 0
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.stallTimeout = stallTimeout
        self.redirects = redirects
    }

    /// Holds what would break the protocol, or reach another one, against the rules.
    func check() throws(TransferError) {
        guard let parsed = URL(string: url), let scheme = parsed.scheme?.lowercased(), let host = parsed.host(),
            ["http", "https"].contains(scheme), !host.isEmpty
        else { throw TransferError(.invalidRequest, "the address is no http:// or https:// URL") }
        let texts = [method] + headers.flatMap { [$0.name, $0.value] }
        guard texts.allSatisfy({ $0.utf8.allSatisfy { $0 >= 0x20 || $0 == 9 } }), !method.isEmpty,
            !method.contains(" ")
        else { throw TransferError(.invalidRequest, "the method or a header has a control character") }
        guard headers.allSatisfy({ !$0.name.isEmpty && !$0.name.contains(":") && !$0.name.contains(";") }) else {
            throw TransferError(.invalidRequest, "a header has no proper name")
        }
    }
}

/// One part of a `multipart/form-data` body.
public struct FormPart: Sendable, Hashable {
    /// What a part carries.
    public enum Content: Sendable, Hashable {
        /// These bytes.
        case bytes(Data)
        /// A file, read as it is sent.
        case file(String)
    }

    /// The field's name.
    public var name: String
    /// What it carries.
    public var content: Content
    /// The name that the server is told the file has; nil for a plain field.
    public var fileName: String?
    /// The type of its content, `image/png`; nil says none.
    public var mediaType: String?

    /// A part.
    ///
    /// - Parameters:
    ///   - name: The field's name.
    ///   - content: What it carries.
    ///   - fileName: The name that the server is told the file has; nil for a plain field.
    ///   - mediaType: The type of its content; nil says none.
    public init(name: String, content: Content, fileName: String? = nil, mediaType: String? = nil) {
        self.name = name
        self.content = content
        self.fileName = fileName
        self.mediaType = mediaType
    }

    /// A plain field.
    ///
    /// - Parameters:
    ///   - name: The field's name.
    ///   - text: Its value.
    public init(name: String, text: String) {
        self.init(name: name, content: .bytes(Data(text.utf8)))
    }
}
