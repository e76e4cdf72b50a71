// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "MyTasks",
    platforms: [.macOS(.v15)],
    dependencies: [
        // In a package of your own: .package(url: "…/taskrun", from: "0.1.0")
        .package(name: "taskrun", path: "../..")
    ],
    targets: [
        .executableTarget(name: "MyTasks", dependencies: [.product(name: "TaskRun", package: "taskrun")])
    ]
)
