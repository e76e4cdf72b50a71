/// Names whose handlers cannot begin: their tasks go back without an attempt, and the others go on.
extension OneShotRun {
    /// The names that may be claimed at this moment.
    var claimable: [String] { holds.claimable(of: names) }

    /// How many handlers there may be at once.
    var places: Int { min(settings.concurrency, holds.places ?? .max) }

    /// Takes note of whether a handler began.
    func noteBeginning(of end: Workbench.Finished) {
        let name = end.held.task.name
        guard case .notBegun(let why) = end.outcome else {
            return holds.noteBegun(name)
        }
        let now = ContinuousClock.now
        let running = bench.with { $0.running.count }
        if holds.note(name, why, running: running, now: now) { observer?(.heldBack(end.held.task, why)) }
        guard holds.holds(name) else { return }
        let unbegun = bench.with { state in
            defer { state.waiting.removeAll { $0.task.name == name } }
            return state.waiting.filter { $0.task.name == name }
        }
        giveBack(unbegun)
    }

    /// What to do where nothing may be claimed but names that are held back: wait for one of them, or leave.
    func waitForHolds(now: ContinuousClock.Instant) {
        guard isIdle else { return }
        if let moment = holds.nextWorthWaiting, !isOver(now) {
            nextClaim = moment
        } else if turn != nil, !isOver(now) {
            isWaiting = true
        } else {
            phase = .done
        }
    }
}
