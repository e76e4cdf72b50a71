/// The holder of a lease: one run on one machine, distinct from every other run that ever existed.
///
/// The text form, `web1 1234 987654 <boot id> 4026531836 <machine> 1000`, is the value of the column `lease_owner`.
/// Boot id, process namespace, process number and start time together are the identity, because process numbers are
/// reused, and two containers of one machine both have a process 1. The host's name is for people. Machine and user say
/// who can know what became of the run; runs of earlier versions did not write them.
public struct RunIdentity: Sendable, Hashable {
    /// The host's name, without white space.
    public let host: String
    /// The process number within its namespace.
    public let pid: Int32
    /// When the process started, in clock ticks since boot (field 22 of `/proc/PID/stat`, proc(5)).
    public let startTicks: UInt64
    /// The machine's boot, from `/proc/sys/kernel/random/boot_id`.
    public let bootID: String
    /// The number of the process namespace, from `/proc/self/ns/pid`.
    public let namespace: UInt64
    /// What stays the same when a machine restarts, or nil if unknown.
    public let machine: String?
    /// The number of the user that it runs as, or nil if unknown.
    public let user: UInt32?

    /// Creates an identity from its parts; white space in the host's name becomes `-`.
    public init(
        host: String,
        pid: Int32,
        startTicks: UInt64,
        bootID: String,
        namespace: UInt64,
        machine: String? = nil,
        user: UInt32? = nil
    ) {
        self.host = String(host.map { $0.isWhitespace ? "-" : $0 })
        self.pid = pid
        self.startTicks = startTicks
        self.bootID = bootID
        self.namespace = namespace
        self.machine = machine
        self.user = user
    }

    /// Reads the text form, also that of earlier versions; returns nil for any other text.
    public init?(text: String) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 5 || parts.count == 7, parts.allSatisfy({ !$0.isEmpty }),
            let pid = Int32(parts[1]), pid > 0, let ticks = UInt64(parts[2]), let namespace = UInt64(parts[4])
        else { return nil }
        let user = parts.count == 7 ? UInt32(parts[6]) : nil
        if parts.count == 7, user == nil { return nil }
        self.init(
            host: String(parts[0]),
            pid: pid,
            startTicks: ticks,
            bootID: String(parts[3]),
            namespace: namespace,
            machine: parts.count == 7 && parts[5] != "-" ? String(parts[5]) : nil,
            user: user
        )
    }

    /// The text form.
    public var text: String {
        "\(host) \(pid) \(startTicks) \(bootID) \(namespace)" + (user.map { " \(machine ?? "-") \($0)" } ?? "")
    }

    /// Whether both are on the same boot of the same machine and can see each other's processes.
    public func sees(_ other: RunIdentity) -> Bool { bootID == other.bootID && namespace == other.namespace }

    /// Whether the other run was on this machine before its last restart, so that nothing is left of it.
    public func outlived(_ other: RunIdentity) -> Bool {
        machine != nil && machine == other.machine && host == other.host && bootID != other.bootID
    }
}

extension RunIdentity {
    /// The owner as `last_error` and the screen show it: `run 1234 on web1`; a text of another form is shown as it is.
    public static func describe(owner: String?) -> String {
        guard let owner else { return "an unknown run" }
        return RunIdentity(text: owner).map { "run \($0.pid) on \($0.host)" } ?? "run \"\(owner)\""
    }
}
