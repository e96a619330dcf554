public import FoundationEssentials
public import StudioSystem

/// The answer to a request, whatever its status.
public struct HTTPResponse: Sendable, Hashable {
    /// The status, 100…999.
    public var status: Int
    /// Its headers.
    public var headers: HTTPHeaders
    /// What came after the headers. Of a stream or a download that succeeded it is empty, since the bytes went elsewhere;
    /// of one that did not it is the answer's first MiB.
    public var body: Data
    /// What a download that succeeded wrote, hashed on the way; nil for anything else.
    public var content: FileHash?

    /// A response.
    ///
    /// - Parameters:
    ///   - status: The status.
    ///   - headers: Its headers.
    ///   - body: What came after the headers.
    public init(status: Int, headers: HTTPHeaders = HTTPHeaders(), body: Data = Data()) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Whether the status is one of success, 200…299.
    public var isSuccess: Bool { (200..<300).contains(status) }
    /// The body as text; what is no UTF-8 is replaced.
    public var text: String { String(decoding: body, as: UTF8.self) }
}

/// The headers of a response, in the order in which they came.
public struct HTTPHeaders: Sendable, Hashable {
    private struct Header: Sendable, Hashable {
        var name: String
        var value: String
    }

    private var headers: [Header] = []

    /// No headers.
    public init() {}

    /// The first value of a name, in whatever case it is written; nil where there is none.
    ///
    /// - Parameter name: The name.
    public subscript(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name == wanted }?.value
    }

    /// All of them, names in small letters.
    public var all: [(name: String, value: String)] { headers.map { ($0.name, $0.value) } }

    /// Takes one line of the protocol in; what is no header is left out.
    mutating func append(line: some StringProtocol) {
        guard let colon = line.firstIndex(of: ":"), colon > line.startIndex else { return }
        let value = line[line.index(after: colon)...]
        headers.append(
            Header(
                name: line[..<colon].lowercased(),
                value: String(value.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())))
    }
}
