import QueueProtocol
import StudioCore

/// What a project's films are made in, as its `project.json` says.
struct CutSettings: Sendable {
    let rate: EditRate
    let width: Int
    let height: Int
    let sampleRate: Int

    /// Reads a manifest's settings; what it does not say is as in a new project.
    ///
    /// - Parameter manifest: The manifest.
    /// - Throws: `StudioError` with code `conflict` where its frame rate is none.
    init(_ manifest: ProjectManifest) throws(StudioError) {
        func setting(_ name: String) -> JSONValue? {
            manifest.document["settings"]?[name] ?? ProjectManifest.defaultSettings[name]
        }
        let written = setting("frameRate")
        let text = written?.stringValue ?? written?.doubleValue.map { String($0) } ?? ""
        guard let rate = EditRate(parsing: text) else {
            throw StudioError(.conflict, "the project's frame rate “\(text)” is not one; change its settings")
        }
        self.rate = rate
        width = setting("resolution")?["width"]?.intValue ?? 1920
        height = setting("resolution")?["height"]?.intValue ?? 1080
        sampleRate = setting("sampleRate")?.intValue ?? 48_000
    }
}
