public import QueueProtocol

extension FunctionManifest {
    /// What a function that a ComfyUI server carries out says of it: the graph, and where in it a job's values go.
    public struct ComfyWorkflow: Sendable, Hashable {
        /// One input of one node.
        public struct Place: Sendable, Hashable, Comparable {
            /// The node's id.
            public var node: String
            /// The input's name, which may have dots: `format.codec`.
            public var input: String

            /// A place.
            ///
            /// - Parameters:
            ///   - node: The node's id.
            ///   - input: The input's name.
            public init(node: String, input: String) {
                self.node = node
                self.input = input
            }

            /// In order of node, then of input.
            public static func < (left: Place, right: Place) -> Bool {
                left.node == right.node ? left.input < right.input : left.node < right.node
            }
        }

        /// The graph as its author exported it, whole.
        public var document: JSONValue
        /// The nodes that lead to an output, by id, as the API takes them. The others are left out: one of them that is
        /// not whole would end the server's executor while its HTTP goes on.
        public var nodes: [String: JSONValue]
        /// Where each parameter goes.
        public var parameters: [String: [Place]] = [:]
        /// Where each input's file goes; of a port that takes a list, one place for each file.
        public var inputs: [String: [Place]] = [:]
        /// Where the seed goes.
        public var seed: [Place] = []
        /// Where nodes that write files get their names' beginning from.
        public var prefixes: [Place] = []
        /// The node that makes each output's file.
        public var outputs: [String: String] = [:]
        /// How long a prompt may show no change at all before its server counts as lost.
        public var silence = Duration.seconds(600)
        /// The most that the outputs may have together, in MiB.
        public var outputMegabytes = 4096

        /// A workflow whose nodes all are wanted and into which nothing goes.
        ///
        /// - Parameters:
        ///   - document: The graph, whole.
        ///   - nodes: The nodes that lead to an output.
        public init(document: JSONValue, nodes: [String: JSONValue]) {
            self.document = document
            self.nodes = nodes
        }

        /// The node types that a server must have, sorted.
        public var classes: [String] { Set(nodes.values.compactMap { $0["class_type"]?.stringValue }).sorted() }

        /// What a node is called: its title, or its type where it has none.
        ///
        /// - Parameter node: The node's id.
        /// - Returns: The name.
        public func title(of node: String) -> String {
            let title = nodes[node]?["_meta"]?["title"]?.stringValue ?? ""
            return title.isEmpty ? nodes[node]?["class_type"]?.stringValue ?? node : title
        }

        /// The graph with a job's values in their places.
        ///
        /// A list is wrapped, since ComfyUI takes a bare one for a link. A value that is null or absent leaves what the
        /// workflow says.
        ///
        /// - Parameters:
        ///   - parameters: The effective parameters.
        ///   - files: The names under which the server has the input files, by port, in their order.
        ///   - seed: Where randomness starts.
        ///   - prefix: What the names of all files begin with; each node gets one of its own below it.
        /// - Returns: What `POST /prompt` takes as `prompt`.
        public func prompt(
            parameters: [String: JSONValue], files: [String: [String]], seed: UInt64, prefix: String
        ) -> JSONValue {
            var nodes = nodes
            func put(_ value: JSONValue, at place: Place) {
                guard var node = nodes[place.node]?.objectValue, var inputs = node["inputs"]?.objectValue else {
                    return
                }
                inputs[place.input] = value
                node["inputs"] = .object(inputs)
                nodes[place.node] = .object(node)
            }
            for (name, places) in self.parameters {
                guard let value = parameters[name], !value.isNull else { continue }
                let literal: JSONValue = value.arrayValue == nil ? value : ["__value__": value]
                for place in places { put(literal, at: place) }
            }
            for (port, places) in inputs {
                guard let names = files[port], let first = names.first else { continue }
                for (index, place) in places.enumerated() {
                    put(.string(index < names.count ? names[index] : first), at: place)
                }
            }
            for place in self.seed { put(.unsigned(seed), at: place) }
            for (index, place) in prefixes.sorted().enumerated() { put(.string("\(prefix)/\(index + 1)"), at: place) }
            return .object(nodes)
        }
    }
}
