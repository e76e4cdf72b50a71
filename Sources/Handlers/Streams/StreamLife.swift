import Logging
import Platform
import SystemPackage

/// The life of one program of a stream handler, from its start to its end, on a thread of its own.
struct StreamLife: ~Copyable {
    /// How long a program may take to send its hello.
    static let helloLimit = Duration.seconds(30)
    /// How long after its stdin was closed it gets SIGTERM.
    static let closeLimit = Duration.seconds(2)
    /// How long it may go on after it has closed stdout or stdin; mostly it is about to end.
    private static let brokenLimit = Duration.seconds(1)

    private var child: Child
    private let desk: StreamProgram
    private let path: String
    private var ending: Ending
    private var lines: LineSplitter
    private var errors = StreamErrors()
    private var entries = [pollfd](repeating: pollfd(), count: 5)
    private let pipe = PipeBuffer()
    /// How it broke the protocol; nothing more is read from it then.
    private var fault: String?
    /// When it is ended unless something happens before, and the reason for that.
    private var patience: (until: ContinuousClock.Instant, why: String)?
    private var isClosing = false
    /// Whether it has closed its stdin.
    private var hasClosedInput = false

    private init(_ child: consuming Child, desk: StreamProgram, path: String, killAfter: Duration, lineLimit: Int) {
        self.child = child
        self.desk = desk
        self.path = path
        ending = Ending(killAfter: killAfter)
        lines = LineSplitter(limit: lineLimit)
    }

    /// Starts a program and serves it until it has ended, which blocks this thread.
    ///
    /// - Returns: How it ended.
    /// - Throws: Why it could not be started; ``SpawnFailure`` explains it for people.
    static func live(
        _ program: Program,
        desk: StreamProgram,
        killAfter: Duration,
        lineLimit: Int
    ) throws -> StreamEnd {
        try DescriptorLimit.withProgram {
            let child = try Child.start(program, unless: desk.wakeUp)
            var life = StreamLife(
                child,
                desk: desk,
                path: program.path.string,
                killAfter: killAfter,
                lineLimit: lineLimit
            )
            life.begin()
            while !life.step() {}
            return life.end()
        }
    }

    private mutating func begin() {
        let input = child.input
        desk.with { $0.input = input }
        patience = (.now + Self.helloLimit, "no hello within \(Self.helloLimit.components.seconds) s")
    }

    /// Waits until something happens and reacts to it; returns true once the program has ended.
    private mutating func step() -> Bool {
        var moment = patience?.until
        if let next = ending.goOn(child) { moment = min(moment ?? next, next) }
        let hasEnded = wait(until: moment)
        if entries[1].revents != 0 { desk.wakeUp.reset() }
        if entries[2].revents != 0 { readOutput() }
        if entries[3].revents != 0, !errors.read(from: child.errors, through: pipe, for: desk) { child.closeErrors() }
        if entries[4].revents != 0, entries[4].revents & Int16(POLLERR) != 0 || !desk.writeMore() {
            hasClosedInput = true
            lose("it closed its stdin")
        }
        obey()
        if let patience, patience.until <= .now { blame(patience.why) }
        return hasEnded
    }

    private mutating func wait(until moment: ContinuousClock.Instant?) -> Bool {
        let isWriting = desk.with { !$0.unwritten.isEmpty }
        entries[0] = pollfd(fd: child.end, events: Int16(POLLIN), revents: 0)
        entries[1] = pollfd(fd: desk.wakeUp.descriptor, events: Int16(POLLIN), revents: 0)
        // poll(2) passes over entries with the number -1.
        entries[2] = pollfd(fd: child.output, events: Int16(POLLIN), revents: 0)
        entries[3] = pollfd(fd: child.errors, events: Int16(POLLIN), revents: 0)
        // POLLERR is always reported: the other end is closed in all processes.
        entries[4] = pollfd(fd: hasClosedInput ? -1 : child.input, events: isWriting ? Int16(POLLOUT) : 0, revents: 0)
        // Rounded up: otherwise the last part of a millisecond would be spent in a busy loop.
        let left = moment.map { max(.zero, ContinuousClock.now.duration(to: $0)) / .milliseconds(1) }
        guard poll(&entries, nfds_t(entries.count), left.map { Int32($0.rounded(.up)) } ?? -1) > 0 else {
            for index in entries.indices { entries[index].revents = 0 }
            return false
        }
        return entries[0].revents != 0
    }

    /// Does what others have ordered in the meantime.
    private mutating func obey() {
        let order = desk.with { $0.order }
        if order == .terminate { ending.begin(child) }
        guard order != .none, !isClosing else { return }
        isClosing = true
        desk.with { $0.input = -1 }
        child.closeInput()
        if order == .close { patience = (.now + Self.closeLimit, "") }
    }

    /// Reads once from its stdout.
    private mutating func readOutput() {
        switch pipe.read(child.output) {
        case .bytes(let bytes): read(bytes)
        case .nothing: break
        case .end:
            child.closeOutput()
            lose("it closed its stdout")
        }
    }

    private mutating func read(_ bytes: UnsafeRawBufferPointer) {
        var fault = fault
        var isGreeted = false
        lines.append(bytes) { line in
            guard fault == nil else { return }
            do throws(StreamMessage.Fault) {
                let message = try StreamMessage.read(line)
                if case .hello = message { isGreeted = true }
                fault = desk.take(message).map { "\($0): \(StreamEnd.quote(line))" }
            } catch {
                fault = "\(error.problem): \(StreamEnd.quote(line))"
            }
        }
        if fault == nil, lines.isOverlong {
            fault = "a line of more than \(lines.limit) bytes: \(StreamEnd.quote(lines.rest))"
        }
        if isGreeted, fault == nil { patience = nil }
        if self.fault == nil, let fault { blame("not what the protocol allows on stdout: \(fault)") }
    }

    /// Gives it a moment to exit, and ends it otherwise.
    private mutating func lose(_ why: String) {
        if patience == nil, !isClosing { patience = (.now + Self.brokenLimit, why) }
    }

    /// Ends it; the first reason is the one that is reported.
    private mutating func blame(_ why: String) {
        patience = nil
        if fault == nil, !isClosing {
            fault = why
            desk.with { $0.endText = why }
        }
        ending.begin(child)
        desk.order(.terminate)
    }

    /// Reads the rest of its output and its status.
    private consuming func end() -> StreamEnd {
        // The output of the program itself is in the pipes by now; processes that it left behind must not keep this
        // thread reading.
        child.signalGroup(SIGKILL)
        var left = child.output < 0 ? 0 : PipeBuffer.largestPipe
        while left > 0, case .bytes(let bytes) = pipe.read(child.output) {
            read(bytes)
            left -= bytes.count
        }
        left = child.errors < 0 ? 0 : PipeBuffer.largestPipe
        while left > 0, errors.read(from: child.errors, through: pipe, for: desk) { left -= PipeBuffer.size }
        let (phase, order) = desk.with { ($0.phase, $0.order) }
        let ending = ending
        let status = child.reap()
        _ = ending.endStarted([:])
        return StreamEnd(
            path: path,
            isStart: phase == .starting,
            isCrash: fault != nil || order == .none,
            status: status,
            fault: fault,
            unfinished: lines.rest,
            errors: errors.text
        )
    }
}
