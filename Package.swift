// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// A Swift target of this package; every one is held to the same strict settings.
func room(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

func proof(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies + ["StudioTestKit"], exclude: exclude, swiftSettings: strict)
}

let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
]
let serviceLifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "generative-media-studio",
    products: [
        .executable(name: "GatewayServer", targets: ["GatewayServer"]),
        .executable(name: "RenderWorker", targets: ["RenderWorker"]),
        // What the benchmarks and the fuzzer call directly; no other package is meant to.
        .library(
            name: "StudioMeasured",
            targets: ["QueueProtocol", "StudioCore", "StudioSystem", "StudioGit", "StudioMedia"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // The C libraries: one module map and one header of typed doors each.
        .systemLibrary(name: "CHiredis"),
        .systemLibrary(name: "CPostgres"),
        .systemLibrary(name: "CGit2"),
        .systemLibrary(name: "CMedia"),
        .systemLibrary(name: "CCrypto"),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CSeccomp"),
        .systemLibrary(name: "CCompression"),
        .systemLibrary(name: "CCurl"),
        .systemLibrary(name: "CArchive"),

        // The rooms, in the order in which they may import each other.
        room("QueueProtocol", ["CCompression"]),
        room("StudioCore", ["QueueProtocol"]),
        room("StudioSystem", ["StudioCore", "CCrypto", "CLinux", "CSeccomp", logging]),
        room(
            "StudioRedis",
            ["QueueProtocol", "StudioCore", "CHiredis", logging, .product(name: "NIOSSL", package: "swift-nio-ssl")]
                + nio),
        room(
            "StudioPostgres", ["QueueProtocol", "StudioCore", "StudioSystem", "CPostgres", logging],
            resources: [.embedInCode("Migrations")]),
        room("StudioGit", ["QueueProtocol", "StudioCore", "StudioSystem", "CGit2", logging]),
        room("StudioMedia", ["QueueProtocol", "StudioCore", "StudioSystem", "CMedia", "CArchive"]),
        room("StudioTransfer", ["StudioCore", "StudioSystem", "CCurl", logging]),
        program(
            "GatewayServer",
            [
                "QueueProtocol", "StudioCore", "StudioSystem", "StudioRedis", "StudioPostgres", "StudioGit",
                "StudioTransfer", .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                logging, serviceLifecycle, unixSignals, arguments,
            ] + nio),
        program(
            "RenderWorker",
            [
                "QueueProtocol", "StudioCore", "StudioSystem", "StudioRedis", "StudioPostgres", "StudioGit",
                "StudioMedia", "StudioTransfer", .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"), logging, serviceLifecycle, unixSignals, arguments,
            ] + nio),

        // The proof.
        .target(
            name: "StudioTestKit",
            dependencies: [
                "QueueProtocol", "StudioCore", "StudioSystem", "StudioRedis", "StudioPostgres", "StudioTransfer",
                logging,
            ],
            path: "Tests/StudioTestKit", swiftSettings: strict),
        proof("QueueProtocolTests", ["QueueProtocol"], exclude: ["Fixtures"]),
        proof("StudioCoreTests", ["QueueProtocol", "StudioCore", "StudioSystem"]),
        proof("StudioSystemTests", ["QueueProtocol", "StudioCore", "StudioSystem", logging]),
        proof("StudioRedisTests", ["QueueProtocol", "StudioRedis", logging] + nio),
        proof("StudioPostgresTests", ["QueueProtocol", "StudioCore", "StudioPostgres"]),
        proof("StudioGitTests", ["StudioCore", "StudioSystem", "StudioGit"]),
        proof("StudioMediaTests", ["StudioCore", "StudioSystem", "StudioMedia"]),
        proof("StudioTransferTests", ["StudioCore", "StudioSystem", "StudioTransfer"]),
        proof("GatewayServerTests", ["GatewayServer"]),
        proof(
            "RenderWorkerTests",
            [
                "RenderWorker", "QueueProtocol", "StudioCore", "StudioSystem", "StudioGit", "StudioPostgres",
                "StudioRedis", "StudioTransfer", .product(name: "NIOHTTP1", package: "swift-nio"),
            ] + nio),
        proof("IntegrationTests", ["StudioGit", "StudioMedia"], exclude: ["Fixtures"]),
        proof("ChaosTests", ["QueueProtocol"]),
        proof("HouseRulesTests", []),
    ]
)
