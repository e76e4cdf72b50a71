import Platform

/// Signals: their names for people, and what this process must have set before it starts others.
enum Signals {
    /// `signal 9 (SIGKILL)`; the bare number where it has no common name.
    static func describe(_ number: Int32) -> String {
        names[number].map { "signal \(number) (\($0))" } ?? "signal \(number)"
    }

    private static let names: [Int32: String] = [
        SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGQUIT: "SIGQUIT", SIGILL: "SIGILL", SIGTRAP: "SIGTRAP",
        SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGKILL: "SIGKILL", SIGUSR1: "SIGUSR1",
        SIGSEGV: "SIGSEGV", SIGUSR2: "SIGUSR2", SIGPIPE: "SIGPIPE", SIGALRM: "SIGALRM", SIGTERM: "SIGTERM",
        SIGXCPU: "SIGXCPU", SIGXFSZ: "SIGXFSZ", SIGVTALRM: "SIGVTALRM", SIGPROF: "SIGPROF", SIGSYS: "SIGSYS",
    ]

    /// Done once, before the first program is started; children get the default of every signal.
    static let prepared: Void = {
        // A program that ends without reading its input must cost an error number, not this process.
        signal(SIGPIPE, SIG_IGN)
        #if os(Linux)
        // Inherited from a parent that ignores SIGCHLD, it would make the kernel forget how children ended.
        var action = sigaction()
        sigaction(SIGCHLD, nil, &action)
        let handler = withUnsafeBytes(of: &action.__sigaction_handler) { $0.load(as: Int.self) }
        // Function pointers cannot be compared in Swift, numbers can.
        if handler == unsafeBitCast(SIG_IGN, to: Int.self) { signal(SIGCHLD, SIG_DFL) }
        #endif
    }()
}
