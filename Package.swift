// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "taskrun",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "TaskRun", targets: ["TaskRun", "TaskRunCLI"]),
        .executable(name: "taskrun", targets: ["TaskRunMain"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"]),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0", traits: []),
    ],
    targets: [
        .target(name: "CPlatform"),
        .target(name: "Platform", dependencies: ["CPlatform"]),
        .target(name: "Text", dependencies: ["Platform"]),
        .target(name: "TaskRun", dependencies: ["Platform", "Text", .product(name: "Logging", package: "swift-log")]),
        .target(
            name: "Migrations",
            dependencies: ["Text"],
            path: "Migrations",
            exclude: ["schema.sqlite.sql", "schema.postgresql.sql"],
            resources: [
                .embedInCode("V001__create_tasks.sqlite.sql"),
                .embedInCode("V001__create_tasks.postgresql.sql"),
                .embedInCode("V002__clean_up_at_once.sqlite.sql"),
                .embedInCode("V002__clean_up_at_once.postgresql.sql"),
                .embedInCode("V003__pause_queues.sqlite.sql"),
                .embedInCode("V003__pause_queues.postgresql.sql"),
                .embedInCode("V004__limit_queues_and_names.sqlite.sql"),
                .embedInCode("V004__limit_queues_and_names.postgresql.sql"),
                .embedInCode("V005__keys_and_expiry.sqlite.sql"),
                .embedInCode("V005__keys_and_expiry.postgresql.sql"),
                .embedInCode("V006__tokens_results_progress_cancel.sqlite.sql"),
                .embedInCode("V006__tokens_results_progress_cancel.postgresql.sql"),
                .embedInCode("V007__batches.sqlite.sql"),
                .embedInCode("V007__batches.postgresql.sql"),
                .embedInCode("V008__hold.sqlite.sql"),
                .embedInCode("V008__hold.postgresql.sql"),
                .embedInCode("V009__trust.sqlite.sql"),
                .embedInCode("V009__trust.postgresql.sql"),
                .embedInCode("V010__runs.sqlite.sql"),
                .embedInCode("V010__runs.postgresql.sql"),
                .embedInCode("V011__failed_at.sqlite.sql"),
                .embedInCode("V011__failed_at.postgresql.sql"),
                .embedInCode("V012__name_rows.sqlite.sql"),
                .embedInCode("V012__name_rows.postgresql.sql"),
                .embedInCode("V013__history.sqlite.sql"),
                .embedInCode("V013__history.postgresql.sql"),
                .embedInCode("V014__stats.sqlite.sql"),
                .embedInCode("V014__stats.postgresql.sql"),
                .embedInCode("notify_on.postgresql.sql"),
                .embedInCode("notify_off.postgresql.sql"),
            ]
        ),
        .target(name: "CSQLite", dependencies: [.product(name: "GRDBSQLite", package: "GRDB.swift")]),
        .target(
            name: "SQLiteStore",
            dependencies: [
                "Platform", "Text", "TaskRun", "Migrations", "CSQLite",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            resources: [.embedInCode("SQL")]
        ),
        .target(name: "CPostgreSQL", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
        .target(
            name: "PostgreSQLStore",
            dependencies: ["Platform", "Text", "TaskRun", "Migrations", "CPostgreSQL"],
            resources: [.embedInCode("SQL")]
        ),
        .target(name: "CSpawn"),
        .target(
            name: "Handlers",
            dependencies: [
                "Platform", "Text", "TaskRun", "CSpawn",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        .target(
            name: "TaskRunCLI",
            dependencies: [
                "Platform", "Text", "TaskRun", "Migrations", "SQLiteStore", "PostgreSQLStore", "Handlers",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "Yams", package: "Yams"),
            ]
        ),
        .executableTarget(name: "TaskRunMain", dependencies: ["TaskRunCLI"]),
        .testTarget(
            name: "TaskRunTests",
            dependencies: ["Platform", "TaskRun", "Text", .product(name: "Logging", package: "swift-log")]
        ),
        .testTarget(
            name: "StoreTests",
            dependencies: [
                "TaskRun", "Text", "Migrations", "SQLiteStore", "PostgreSQLStore", "TestSupport",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(
            name: "HandlersTests",
            dependencies: [
                "Handlers", "Platform", "TaskRun", "Text", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        // Drives the built binary from outside.
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "TaskRunCLI", "TaskRun", "Text", "Handlers", "TaskRunMain", "Migrations", "TestSupport",
                .product(name: "Yams", package: "Yams"),
            ]
        ),
        .target(
            name: "TestSupport",
            dependencies: [
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/TestSupport"
        ),
        .testTarget(
            name: "PostgreSQLStoreTests",
            dependencies: ["PostgreSQLStore", "Text", "Migrations", "TestSupport"]
        ),
    ]
)

for target in package.targets {
    target.swiftSettings = [
        .swiftLanguageMode(.v6),
        .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ]
}
