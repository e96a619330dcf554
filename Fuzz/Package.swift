// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that the product's graph does not carry what only breaks it. `scripts/fuzz.sh` builds it, with
// sanitizers and libFuzzer's instrumentation, in a folder of its own.
let package = Package(
    name: "studio-fuzz",
    dependencies: [.package(name: "generative-media-studio", path: "..")],
    targets: [
        .systemLibrary(name: "CFuzzer"),
        .executableTarget(
            name: "Fuzz",
            dependencies: ["CFuzzer", .product(name: "StudioMeasured", package: "generative-media-studio")],
            swiftSettings: [
                .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"), .enableUpcomingFeature("MemberImportVisibility"),
            ]),
    ]
)
