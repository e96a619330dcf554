import FoundationEssentials
import StudioCore

/// How far a prompt is, by what its server tells. A pure value.
struct PromptProgress: Sendable {
    /// The prompt's id.
    let prompt: String
    private let workflow: FunctionManifest.ComfyWorkflow
    private var cached: Set<String> = []
    private var states: [String: ComfyEvent.NodeState] = [:]
    /// The node that began last.
    private var current: String?
    /// Whether it runs: it was heard to begin.
    private(set) var isRunning = false
    /// Whether it was heard to have ended; the history tells how.
    private(set) var isEnded = false
    private var preview: ProgressPicture?
    private var message = ""

    init(prompt: String, workflow: FunctionManifest.ComfyWorkflow) {
        self.prompt = prompt
        self.workflow = workflow
    }

    /// Takes an event in.
    ///
    /// - Returns: Whether it says something of this prompt.
    mutating func hear(_ event: ComfyEvent) -> Bool {
        switch event {
        case .started(let of) where of == prompt, .executed(let of, _) where of == prompt: isRunning = true
        case .cached(let of, let nodes) where of == prompt:
            isRunning = true
            cached.formUnion(nodes)
        case .progress(let of, let nodes) where of == prompt:
            isRunning = true
            // Each one is whole; nodes of an expanded one have ids that the workflow does not know.
            states = Dictionary(
                nodes.filter { workflow.nodes[$0.node] != nil }.map { ($0.node, $0) }, uniquingKeysWith: { $1 })
            if let running = states.values.filter({ !$0.isFinished }).map(\.node).min(),
                states[current ?? ""]?.isFinished ?? true
            {
                current = running
            }
        case .executing(let of?, let node) where of == prompt:
            isRunning = true
            current = workflow.nodes[node] == nil ? current : node
            message = ""
        case .executing(nil, _):
            // After a reconnection, and of no prompt in particular.
            return isRunning
        case .ended(let of) where of == prompt: isEnded = true
        case .preview(let of, let picture) where of == prompt || (of == nil && isRunning):
            preview = ProgressPicture(picture) ?? preview
        case .text(let text) where isRunning: message = String(text.prefix(200))
        case .status, .started, .cached, .progress, .executing, .executed, .ended, .preview, .text: return false
        }
        return true
    }

    /// How much is done: nodes that are finished and the share of those that run, of those that had to run at all.
    var fraction: Double? {
        guard isRunning else { return nil }
        let wanted = workflow.nodes.count - cached.filter { workflow.nodes[$0] != nil }.count
        guard wanted > 0 else { return 1 }
        let done = states.values.filter { !cached.contains($0.node) }.reduce(0.0) { sum, state in
            sum + (state.isFinished ? 1 : state.most > 0 ? min(1, max(0, state.value / state.most)) : 0)
        }
        return min(1, done / Double(wanted))
    }

    /// What people are shown; a picture once only.
    mutating func takeReport() -> RunProgress {
        defer { preview = nil }
        guard isRunning else { return RunProgress(fraction: nil, stage: ComfyRunner.waitingStage) }
        var text = message
        if text.isEmpty, let state = current.flatMap({ states[$0] }), !state.isFinished, state.most > 1 {
            text = "\(Self.whole(state.value)) of \(Self.whole(state.most))"
        }
        let stage = current.map { String(workflow.title(of: $0).prefix(64)) } ?? "running"
        return RunProgress(fraction: fraction, stage: stage, message: text, preview: preview)
    }

    private static func whole(_ value: Double) -> Int { Int(exactly: value.rounded()) ?? 0 }
}
