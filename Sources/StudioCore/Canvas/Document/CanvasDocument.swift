public import FoundationEssentials
public import QueueProtocol

/// A canvas: a graph in Svelte Flow's own shape, `{"nodes": […], "edges": […], "viewport": {…}}`, with every member that
/// the program does not know. Design: the Production Canvas.
///
/// Read for its shape alone; what it means is ``CanvasValidation``'s affair. What a page keeps in it while somebody works
/// (``transient``) is not read: it is of no meaning to anybody else.
public struct CanvasDocument: Sendable, Hashable {
    /// Members of nodes and edges that only say how they look on one page at the moment.
    public static let transient: Set<String> = ["selected", "dragging", "measured", "resizing"]

    /// The nodes, in the order in which they are drawn.
    public var nodes: [CanvasNode]
    /// The edges, in the order in which they are drawn.
    public var edges: [CanvasEdge]
    /// What part of the canvas is seen: `x`, `y` and `zoom`; nil where it was not said.
    public var viewport: JSONValue?
    /// All other members, as they were read.
    public var others: [String: JSONValue]

    /// A canvas.
    ///
    /// - Parameters:
    ///   - nodes: The nodes; default none.
    ///   - edges: The edges; default none.
    ///   - viewport: What part is seen; default not said.
    ///   - others: All other members; default none.
    public init(
        nodes: [CanvasNode] = [], edges: [CanvasEdge] = [], viewport: JSONValue? = nil,
        others: [String: JSONValue] = [:]
    ) {
        self.nodes = nodes
        self.edges = edges
        self.viewport = viewport
        self.others = others
    }

    /// Reads a canvas.
    ///
    /// - Parameters:
    ///   - document: The canvas.
    ///   - pointer: Where it stands in what was sent, for the findings; default the root.
    /// - Throws: `StudioError` with code `invalid` that lists all that is wrong with its shape, each with the node or edge.
    public init(_ document: JSONValue, pointer: String = "") throws(StudioError) {
        var reader = CanvasReader(pointer: pointer)
        self = reader.document(document)
        guard reader.findings.isEmpty else { throw .invalid(reader.findings) }
    }

    /// Reads the text of a canvas.
    ///
    /// - Parameter data: UTF-8 JSON.
    /// - Throws: As ``init(_:pointer:)``; code `json` where it is no JSON.
    public init(reading data: Data) throws(StudioError) {
        let document: JSONValue
        do {
            document = try JSONText.decode(JSONValue.self, from: data)
        } catch {
            throw .invalid([Finding(pointer: "", code: "json", detail: "the canvas is not JSON")])
        }
        try self.init(document)
    }

    /// The canvas as JSON.
    public var json: JSONValue {
        var members = others
        members["nodes"] = .array(nodes.map(\.json))
        members["edges"] = .array(edges.map(\.json))
        members["viewport"] = viewport
        return .object(members)
    }

    /// The canonical text, which files hold and ETags are made of: keys sorted, two-space indent, one member a line, so
    /// that one node is one group of lines; a newline at the end. Equal canvases have equal texts.
    public var text: Data {
        // Only a number that is not finite cannot be said, and no text that was read has one.
        (try? JSONText.document(json)) ?? Data()
    }
}
