/// Who may import whom: design in `CONTRIBUTING.md`, section "Rooms". SwiftPM does not refuse an undeclared import of a
/// module that happens to be built, so this does.
enum ImportMap {
    private static let core: Set<String> = ["QueueProtocol", "StudioCore"]
    private static let nio: Set<String> = [
        "NIOCore", "NIOPosix", "NIOConcurrencyHelpers", "NIOHTTP1", "NIOWebSocket", "NIOFoundationCompat",
    ]
    private static let program: Set<String> = core.union(nio).union([
        "StudioSystem", "StudioRedis", "StudioPostgres", "StudioGit", "Logging", "ServiceLifecycle", "UnixSignals",
        "ArgumentParser",
    ])

    /// For each target below `Sources/`: what it may import besides what the toolchain brings.
    static let allowed: [String: Set<String>] = [
        "QueueProtocol": ["CCompression"],
        "StudioCore": ["QueueProtocol"],
        "StudioSystem": core.union(["CCrypto", "CLinux", "CSeccomp", "Logging"]),
        "StudioRedis": core.union(nio).union(["StudioSystem", "CHiredis", "NIOSSL", "Logging"]),
        "StudioPostgres": core.union(["StudioSystem", "CPostgres", "Logging"]),
        "StudioGit": core.union(["StudioSystem", "CGit2", "Logging"]),
        "StudioTransfer": core.union(["StudioSystem", "CCurl", "Logging"]),
        "StudioMedia": core.union(["StudioSystem", "CMedia", "CArchive"]),
        "GatewayServer": program.union([
            "StudioTransfer", "Hummingbird", "HummingbirdCore", "HTTPTypes", "NIOHTTPTypes", "NIOHTTPTypesHTTP1",
        ]),
        "RenderWorker": program.union(["StudioMedia", "StudioTransfer", "NIOSSL"]),
    ]

    /// Comes with the toolchain and the C library. The whole of Foundation is asked for by name, see the next rule.
    static let toolchain: Set<String> = [
        "Swift", "_Concurrency", "Synchronization", "Dispatch", "Glibc", "FoundationEssentials", "Foundation",
    ]

    /// The module an import at this token names: `public import struct A.B` names `A`.
    static func module(importedAt index: Int, in tokens: [Token]) -> Token? {
        let kinds: Set<String> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias", "actor"]
        var next = index + 1
        if next < tokens.count, kinds.contains(tokens[next].text) { next += 1 }
        return next < tokens.count ? tokens[next] : nil
    }
}

extension Rule {
    /// A room imports only what lies below it.
    static let imports = Rule(
        name: "imports follow the map",
        check: { file in
            guard file.isProduct else { return [] }
            guard let allowed = ImportMap.allowed[file.target] else {
                return [Finding(path: file.path, line: 1, message: "target \(file.target) is not in the import map")]
            }
            return file.places(of: ["import"]).compactMap { index in
                guard let module = ImportMap.module(importedAt: index, in: file.tokens),
                    !allowed.contains(module.text), !ImportMap.toolchain.contains(module.text)
                else { return nil }
                return Finding(
                    path: file.path, line: module.line, message: "\(file.target) must not import \(module.text)")
            }
        },
        bad: [
            Sample("Sources/StudioCore/A.swift", "import QueueProtocol\nimport StudioSystem", lines: [2]),
            Sample("Sources/StudioRedis/A.swift", "public import StudioPostgres", lines: [1]),
            Sample("Sources/StudioGit/A.swift", "import CPostgres\nimport CGit2", lines: [1]),
            Sample("Sources/GatewayServer/Jobs/A.swift", "\nimport StudioMedia", lines: [2]),
            Sample("Sources/RenderWorker/App/A.swift", "internal import struct Hummingbird.Router", lines: [1]),
            Sample("Sources/QueueProtocol/A.swift", "@preconcurrency import Logging", lines: [1]),
            Sample("Sources/Novelty/A.swift", "let a = 1", lines: [1]),
        ],
        good: [
            Sample("Sources/StudioPostgres/A.swift", "internal import CPostgres\npublic import StudioCore"),
            Sample("Sources/StudioCore/A.swift", "// import StudioRedis\nlet text = \"import StudioRedis\""),
            Sample("Tests/StudioCoreTests/A.swift", "import StudioPostgres"),
        ])
}
