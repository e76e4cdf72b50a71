import Platform
import SystemPackage

/// What decides whether a file can be started as a program: its own facts, and those of what it needs to start.
struct StartFacts: Sendable, Equatable {
    /// A file on the way: the program, its interpreter, the interpreter's interpreter, the loader.
    struct File: Sendable, Equatable {
        let path: String
        /// Its status, or nil if there is none.
        let status: FileStatus?
        /// Why there is no status.
        let reason: Errno?
        /// Where it leads, if it is a link.
        let link: String?
        /// Its first bytes, or nil if they may not be read.
        let start: [UInt8]?

        init(
            path: String,
            status: FileStatus?,
            reason: Errno? = nil,
            link: String? = nil,
            start: [UInt8]? = nil
        ) {
            (self.path, self.status, self.reason, self.link, self.start) = (path, status, reason, link, start)
        }
    }

    /// The program, and behind each file the one that it needs.
    var files: [File]
    /// The variable `PATH` that the program gets, or nil if that does not matter.
    var searchPath: String?
    /// Where the programs that env(1) or a first line names are found, by their names: along `PATH`, or where programs
    /// usually are.
    var found: [String: (along: String?, usual: String?)] = [:]
    /// The machine of this program: the number in its ELF header, or nil if it could not be read.
    var machine: UInt16?
    /// Whether this kernel starts programs of more formats than its own: binfmt_misc.
    var startsMore = false

    static func == (one: StartFacts, other: StartFacts) -> Bool {
        one.files == other.files && one.searchPath == other.searchPath && one.machine == other.machine
            && one.startsMore == other.startsMore
            && one.found.mapValues { [$0.along, $0.usual] } == other.found.mapValues { [$0.along, $0.usual] }
    }

    init(files: [File], searchPath: String? = nil, machine: UInt16? = nil) {
        (self.files, self.searchPath, self.machine) = (files, searchPath, machine)
    }
}

extension StartFacts {
    /// How many bytes of a file are read: the kernel reads 256, and an ELF header has its loader within the first page.
    private static let startLength = 4096
    /// How many files are followed: the kernel follows four interpreters.
    static let mostFiles = 6
    /// Where programs usually are.
    private static let usualPath = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin:/opt/bin:/snap/bin"

    /// Looks at a file and at what it needs to start.
    ///
    /// - Parameters:
    ///   - path: The program; relative to the working directory of this process.
    ///   - searchPath: The variable `PATH` that it gets, or nil if that does not matter.
    init(path: String, searchPath: String?) {
        self.init(files: [], searchPath: searchPath, machine: Self.ownMachine)
        startsMore = Self.hasMoreFormats
        var next: String? = path
        while let path = next, files.count < Self.mostFiles {
            let file = Self.file(path)
            files.append(file)
            next = nil
            guard let start = file.start else { continue }
            if let line = ScriptLine(start) {
                for name in [line.interpreter, line.soughtByEnv ?? ""] where !name.isEmpty {
                    let last = String(name.split(separator: "/").last ?? "")
                    found[last] = (Self.search(last, searchPath ?? "/bin:/usr/bin"), Self.search(last, Self.usualPath))
                }
                // A relative one is seen from the program's working directory, which is not known here.
                next = line.interpreter.hasPrefix("/") ? line.interpreter : nil
            } else if let header = ELFHeader(start) {
                next = header.loader
            }
        }
    }

    private static func file(_ path: String) -> File {
        let link = Files.link(at: path)
        do {
            let status = try FileStatus(path: path)
            return File(path: path, status: status, link: link, start: try? Files.start(of: path, limit: startLength))
        } catch {
            return File(path: path, status: nil, reason: error, link: link)
        }
    }

    private static func search(_ name: String, _ folders: String) -> String? {
        folders.split(separator: ":", omittingEmptySubsequences: false).lazy
            .map { "\($0.isEmpty ? "." : $0)/\(name)" }
            .first { (try? FileStatus(path: $0)).map { $0.kind == .file && $0.isExecutable } ?? false }
    }

    private static let ownMachine: UInt16? =
        (try? Files.start(of: "/proc/self/exe", limit: 64)).flatMap { ELFHeader($0)?.machine }

    private static let hasMoreFormats: Bool = {
        let names = (try? Files.names(in: "/proc/sys/fs/binfmt_misc")) ?? []
        return names.contains { $0 != "register" && $0 != "status" }
    }()
}

/// The first line of a script, as the kernel reads it.
///
/// Source: execve(2).
struct ScriptLine: Equatable {
    /// How many bytes of a file the kernel reads to find the line.
    static let most = 256

    /// The line behind `#!`, without white space at its beginning.
    let text: String
    /// Whether it has no end within what the kernel reads.
    let isTooLong: Bool
    /// The program that it names: `/usr/bin/env`.
    let interpreter: String
    /// The rest of the line, which the kernel gives to the interpreter as one argument.
    let argument: String

    /// Reads the first bytes of a file; nil if it is no script.
    init?(_ start: [UInt8]) {
        guard start.starts(with: "#!".utf8) else { return nil }
        let line = start.dropFirst(2).prefix { $0 != UInt8(ascii: "\n") }
        isTooLong = line.count + 2 >= Self.most
        let isBlank = { (character: Character) in character == " " || character == "\t" }
        text = String(String(decoding: line, as: UTF8.self).drop(while: isBlank))
        interpreter = String(text.prefix { !isBlank($0) })
        argument = String(text.dropFirst(interpreter.count).drop(while: isBlank))
    }

    /// Whether env(1) is the interpreter.
    var isEnv: Bool { interpreter == "env" || interpreter.hasSuffix("/env") }

    /// The program that env(1) must find.
    var soughtByEnv: String? { Interpreter(line: text).sought }

    /// Whether env(1) splits its argument.
    var isSplit: Bool {
        argument.hasPrefix("--split-string") || argument.hasPrefix("-S")
            || (argument.hasPrefix("-") && argument.prefix { $0 != " " }.contains("S"))
    }
}

/// The parts of an ELF header that decide whether a program starts here.
///
/// Source: elf(5).
struct ELFHeader: Equatable {
    let machine: UInt16
    /// The loader that it is linked for, or nil if it needs none.
    let loader: String?

    /// Reads the first bytes of a file; nil if it is no such program, or is cut off.
    init?(_ bytes: [UInt8]) {
        guard Self.isMeant(bytes), bytes.count >= 52 else { return nil }
        let (isWide, isLittle) = (bytes[4] == 2, bytes[5] == 1)
        let number = { (place: Int, length: Int) -> Int? in
            guard place >= 0, place + length <= bytes.count else { return nil }
            let part = bytes[place..<(place + length)]
            return (isLittle ? Array(part.reversed()) : Array(part)).reduce(0) { ($0 & (Int.max >> 9)) << 8 | Int($1) }
        }
        machine = UInt16(truncatingIfNeeded: number(18, 2) ?? 0)
        let first = (isWide ? number(32, 8) : number(28, 4)) ?? 0
        let length = number(isWide ? 54 : 42, 2) ?? 0
        let count = number(isWide ? 56 : 44, 2) ?? 0
        var loader: String?
        for index in 0..<min(count, 64) {
            let entry = first + index * length
            guard number(entry, 4) == 3, let place = number(entry + (isWide ? 8 : 4), isWide ? 8 : 4),
                let size = number(entry + (isWide ? 32 : 16), isWide ? 8 : 4),
                place >= 0, size > 1, size < 4096, place + size <= bytes.count
            else { continue }
            loader = String(decoding: bytes[place..<(place + size)].prefix { $0 != 0 }, as: UTF8.self)
        }
        self.loader = loader
    }

    /// Whether the bytes begin as such a program does.
    static func isMeant(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]) }

    /// The name of a machine, as uname(1) writes it.
    static func name(of machine: UInt16) -> String {
        let names: [UInt16: String] = [
            3: "i386", 8: "mips", 20: "ppc", 21: "ppc64", 22: "s390x", 40: "arm", 62: "x86_64", 183: "aarch64",
            243: "riscv64", 258: "loongarch64",
        ]
        return names[machine] ?? "machine \(machine)"
    }
}
