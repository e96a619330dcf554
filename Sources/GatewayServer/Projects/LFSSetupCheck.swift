import FoundationEssentials
import StudioSystem

/// Looks whether a repository is set up for git-lfs as `git lfs install --local` would. Blocks.
struct LFSSetupCheck {
    /// The hooks git-lfs needs.
    static let hooks = ["post-checkout", "post-commit", "post-merge", "pre-push"]

    let project: String

    /// Whether the repository's configuration has the filter.
    var isConfigured: Bool {
        let text = Self.text("\(project)/.git/config") ?? ""
        return text.contains("[filter \"lfs\"]") && text.contains("filter-process")
    }

    /// Hooks that are not there.
    var missingHooks: [String] { Self.hooks.filter { Self.text(hook($0)) == nil } }

    /// Hooks that are there and do not call git-lfs.
    var foreignHooks: [String] {
        Self.hooks.filter { name in Self.text(hook(name)).map { !$0.contains("git lfs \(name)") } ?? false }
    }

    /// Whether somebody, alive or not, holds the index.
    var hasIndexLock: Bool { (try? FileStatus(path: "\(project)/.git/index.lock")) != nil }

    private func hook(_ name: String) -> String { "\(project)/.git/hooks/\(name)" }

    private static func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
}
