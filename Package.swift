// swift-tools-version: 6.2
import PackageDescription

/// One set of compiler settings for every target of the package.
///
/// `CAPTION_STRICT=1` in the environment turns warnings into errors (continuous integration sets it); without it a
/// newer compiler with new warnings still builds the package.
let settings: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ] + (Context.environment["CAPTION_STRICT"] == "1" ? [.treatAllWarnings(as: .error)] : [])

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let bitCollections = Target.Dependency.product(name: "BitCollections", package: "swift-collections")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let cSQLite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioFoundation = Target.Dependency.product(name: "NIOFoundationCompat", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTPCompression = Target.Dependency.product(name: "NIOHTTPCompression", package: "swift-nio-extras")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let lifecycleTestKit = Target.Dependency.product(
    name: "ServiceLifecycleTestKit", package: "swift-service-lifecycle")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "caption",
    products: [
        .executable(name: "caption", targets: ["CaptionCLI"]),
        .library(name: "Captioning", targets: ["Captioning"]),
        .library(name: "CaptioningHTTP", targets: ["CaptioningHTTP"]),
        .library(name: "CaptioningSQLite", targets: ["CaptioningSQLite"]),
        .library(name: "CaptioningVips", targets: ["CaptioningVips"]),
    ],
    traits: [
        .trait(name: "Vips", description: "Converts images with libvips, which is opened when it is needed."),
        .default(enabledTraits: ["Vips"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .target(name: "CLinux"),
        .systemLibrary(name: "CZlib"),
        .target(name: "CBase64"),
        .target(name: "CVips"),
        .target(
            name: "Captioning",
            dependencies: [
                "CBase64", "CLinux", "CZlib", crypto, deque, mustache, serviceLifecycle, systemPackage, yams,
            ],
            swiftSettings: settings
        ),
        .target(
            name: "CaptioningHTTP",
            dependencies: [
                "Captioning", asyncHTTPClient, nioCore, nioFoundation, nioHTTP1, nioHTTPCompression, nioPosix, nioSSL,
                systemPackage,
            ],
            swiftSettings: settings
        ),
        .target(
            name: "CaptioningSQLite",
            dependencies: ["Captioning", "CLinux", bitCollections, crypto, deque, grdb, systemPackage],
            resources: [
                .embedInCode("../../schema/sqlite/v1-initial.sql"), .embedInCode("../../schema/sqlite/v2-tally.sql"),
                .embedInCode("../../schema/sqlite/v3-images.sql"), .embedInCode("../../schema/sqlite/v4-evidence.sql"),
                .embedInCode("../../schema/sqlite/v5-holds.sql"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "CaptioningVips",
            dependencies: ["Captioning", "CVips"],
            swiftSettings: settings
        ),
        .target(
            name: "CaptioningSimulator",
            dependencies: [
                "Captioning", crypto, deque, httpTypes, hummingbird, logging, nioCore, nioHTTP1, serviceLifecycle,
            ],
            swiftSettings: settings
        ),
        .target(
            name: "CaptioningTesting",
            dependencies: ["Captioning", deque, systemPackage],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "CaptionCLI",
            dependencies: [
                "Captioning", "CaptioningHTTP", "CaptioningSQLite", "CaptioningSimulator",
                "CLinux", .target(name: "CaptioningVips", condition: .when(traits: ["Vips"])),
                argumentParser, deque, logging, serviceLifecycle, systemPackage, unixSignals,
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "CaptioningBenchmarks",
            dependencies: ["Captioning", "CaptioningSQLite", deque, systemPackage],
            swiftSettings: settings
        ),
        .testTarget(
            name: "CaptioningTests",
            dependencies: [
                "Captioning", "CaptioningSQLite", "CaptioningTesting", deque, grdb, heap, lifecycleTestKit,
                systemPackage,
            ],
            resources: [.copy("Fixtures")],
            swiftSettings: settings
        ),
        .testTarget(
            name: "CaptioningHTTPTests",
            dependencies: [
                "Captioning", "CaptioningHTTP", "CaptioningTesting", asyncHTTPClient, nioCore, nioEmbedded, nioHTTP1,
                nioPosix, nioSSL, systemPackage,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "CaptioningSQLiteTests",
            dependencies: ["Captioning", "CaptioningSQLite", "CaptioningTesting", cSQLite, grdb, systemPackage],
            resources: [.copy("Fixtures")],
            swiftSettings: settings
        ),
        .testTarget(
            name: "CaptioningVipsTests",
            dependencies: ["Captioning", "CaptioningVips", "CaptioningTesting", systemPackage],
            swiftSettings: settings
        ),
        .testTarget(
            name: "CaptioningSimulatorTests",
            dependencies: [
                "Captioning", "CaptioningSimulator", "CaptioningTesting", lifecycleTestKit, nioCore, nioPosix,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "CaptionCLITests",
            dependencies: [
                "CaptionCLI", "Captioning", "CaptioningHTTP", "CaptioningSQLite", "CaptioningSimulator",
                "CaptioningTesting", argumentParser, grdb, systemPackage, yams,
            ],
            resources: [.copy("Fixtures")],
            swiftSettings: settings
        ),
    ],
    swiftLanguageModes: [.v6]
)
