import Platform

/// Signals: their names for people, and what this process must set before it starts others.
enum Signals {
    /// `signal 9 (SIGKILL)`, or only the number if it has no common name.
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
        // Writing to a program that ends without reading its input must return an error, not end this process.
        signal(SIGPIPE, SIG_IGN)
        #if os(Linux)
        // If a parent that ignores SIGCHLD passes that on, the kernel would forget how children ended.
        var action = sigaction()
        sigaction(SIGCHLD, nil, &action)
        let handler = withUnsafeBytes(of: &action.__sigaction_handler) { $0.load(as: Int.self) }
        // In Swift numbers can be compared, but function pointers cannot.
        if handler == unsafeBitCast(SIG_IGN, to: Int.self) { signal(SIGCHLD, SIG_DFL) }
        #endif
    }()
}
