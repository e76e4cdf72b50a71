import TaskRun

/// What the person before the live view has chosen; keys change it.
struct TopState: Equatable {
    /// A part of the view.
    enum Section: Int, CaseIterable {
        case queues, runs, tasks, failed
    }

    /// A key.
    enum Key: Equatable {
        case up, down, tab, backTab
        case letter(Character)
    }

    /// What is to be done with the tables.
    enum Action: Equatable {
        case pause(String)
        case resume(String)
        case cancel(Int64)
        case retry(Int64)
    }

    /// What follows from a key.
    enum Step: Equatable {
        /// Nothing but perhaps another picture.
        case stay
        /// The view ends.
        case quit
        /// The tables are looked at now.
        case look
        /// Something is done.
        case act(Action)
    }

    /// The section that keys are for.
    private(set) var section = Section.queues
    /// What is chosen in each section: a queue's name, a run, the number of a task.
    private var chosen: [Section: String] = [:]
    /// The action that waits for a yes.
    private(set) var asked: Action?
    /// What was done last, or what cannot be done.
    var message = ""

    /// Which row of a section is chosen; the first one if what was chosen is gone.
    func row(of section: Section, in snapshot: TopSnapshot) -> Int {
        guard let chosen = chosen[section] else { return 0 }
        return snapshot.keys(of: section).firstIndex(of: chosen) ?? 0
    }

    /// Takes a key.
    mutating func press(_ key: Key, on snapshot: TopSnapshot) -> Step {
        if let action = asked {
            asked = nil
            message = key == .letter("y") ? "" : "Nothing was done."
            return key == .letter("y") ? .act(action) : .stay
        }
        message = ""
        switch key {
        case .up: move(-1, snapshot)
        case .down: move(1, snapshot)
        case .tab: change(by: 1)
        case .backTab: change(by: -1)
        case .letter("k"): move(-1, snapshot)
        case .letter("j"): move(1, snapshot)
        case .letter("q"): return .quit
        case .letter(" "), .letter("\r"), .letter("\n"): return .look
        case .letter("p"): return pause(snapshot)
        case .letter("c"): cancel(snapshot)
        case .letter("r"): return retry(snapshot)
        case .letter: break
        }
        return .stay
    }

    private mutating func change(by step: Int) {
        let all = Section.allCases
        section = all[(section.rawValue + step + all.count) % all.count]
    }

    private mutating func move(_ step: Int, _ snapshot: TopSnapshot) {
        let keys = snapshot.keys(of: section)
        guard !keys.isEmpty else { return }
        let next = min(max(row(of: section, in: snapshot) + step, 0), keys.count - 1)
        chosen[section] = keys[next]
    }

    private mutating func pause(_ snapshot: TopSnapshot) -> Step {
        guard section == .queues, !snapshot.queues.isEmpty else {
            message = "p pauses or resumes a queue: choose one with Tab and the arrow keys."
            return .stay
        }
        let line = snapshot.queues[row(of: .queues, in: snapshot)]
        return .act(line.paused == nil ? .pause(line.queue) : .resume(line.queue))
    }

    private mutating func cancel(_ snapshot: TopSnapshot) {
        guard section == .tasks, !snapshot.tasks.isEmpty else {
            message = "c cancels a running task: choose one with Tab and the arrow keys."
            return
        }
        let task = snapshot.tasks[row(of: .tasks, in: snapshot)]
        asked = .cancel(task.id)
        message = "Cancel task \(task.id) \(task.name)? y: yes, any other key: no".visible()
    }

    private mutating func retry(_ snapshot: TopSnapshot) -> Step {
        guard section == .failed, !snapshot.failed.isEmpty else {
            message = "r retries a FAILED task: choose one with Tab and the arrow keys."
            return .stay
        }
        return .act(.retry(snapshot.failed[row(of: .failed, in: snapshot)].id))
    }

    /// The keys in what a terminal has sent.
    static func keys(in bytes: [UInt8]) -> [Key] {
        var keys: [Key] = []
        var rest = bytes[...]
        while let byte = rest.popFirst() {
            guard byte == 0x1b else {
                keys.append(byte == 0x09 ? .tab : .letter(Character(Unicode.Scalar(byte))))
                continue
            }
            // ESC [ A or ESC O A; other sequences mean nothing.
            guard let opening = rest.first, [UInt8(ascii: "["), UInt8(ascii: "O")].contains(opening) else { continue }
            rest.removeFirst()
            while let next = rest.popFirst() {
                guard (0x40...0x7e).contains(next) else { continue }
                switch next {
                case UInt8(ascii: "A"): keys.append(.up)
                case UInt8(ascii: "B"): keys.append(.down)
                case UInt8(ascii: "Z"): keys.append(.backTab)
                default: break
                }
                break
            }
        }
        return keys
    }
}

extension TopSnapshot {
    /// What names the rows of a section.
    fileprivate func keys(of section: TopState.Section) -> [String] {
        switch section {
        case .queues: queues.map(\.queue)
        case .runs: runs.map { "\($0.row.id)" }
        case .tasks: tasks.map { "\($0.id)" }
        case .failed: failed.map { "\($0.id)" }
        }
    }
}
