// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that the product's graph does not carry what only measures it.
let package = Package(
    name: "studio-benchmarks",
    dependencies: [
        .package(name: "generative-media-studio", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: [
        .executableTarget(
            name: "Measure",
            dependencies: [
                .product(name: "StudioMeasured", package: "generative-media-studio"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: [
                .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"), .enableUpcomingFeature("MemberImportVisibility"),
            ]),
        // In C, so that ten thousand clients cost as little as they can beside the server they listen to.
        .executableTarget(name: "Listeners"),
    ]
)
