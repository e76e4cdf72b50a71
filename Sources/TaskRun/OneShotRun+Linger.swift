/// What a run does that stays when nothing is due.
extension OneShotRun {
    /// Until when tasks are claimed; nil: until nothing is due.
    var windowEnd: ContinuousClock.Instant? { settings.window.map { windowBegan.advanced(by: $0) } }

    /// Takes the turn to claim; false: this run is not needed.
    func takeTurn() async -> Bool {
        guard let turn, phase != .done else { return true }
        turn.listen { [bench] in bench.interrupt() }
        return await turn.take { [stop] in stop.requests > 0 }
    }

    /// Claims nothing more once another run asks for the turn; what is being performed is finished.
    func noteTurn() {
        guard let turn, turn.isWanted, phase != .done else { return }
        giveBackUnbegun()
        (phase, isWaiting) = (.done, false)
    }

    /// Waits until there is something to settle or, for a run that stays, something to claim.
    func waitForWork() async {
        guard isWaiting, troubleUntil == nil else {
            return bench.wait(threshold: wakeThreshold, until: nextLook)
        }
        if vainLooks > 0 {
            // What is due but cannot be claimed (another run was faster, or it must be performed alone) is not asked for in
            // a circle. Where many runs wait, a flood thus wakes few of them at a time.
            let pause = Duration.milliseconds(min(250, 1 << min(vainLooks, 8)))
            bench.wait(threshold: wakeThreshold, until: .now.advanced(by: pause))
            // The wait may have been ended by whoever asks the run to stop: that is not told twice.
            guard stop.requests == 0, turn?.isWanted != true else { return }
        }
        if isIdle, !isTold { observer?(.waiting) }
        isTold = isIdle
        pulse.rest()
        defer { pulse.beat() }
        let asked = ContinuousClock.now
        let next = min(nextMend, isBatchLookDue ? nextBatchLook : nextMend)
        let end = isIdle ? min(windowEnd ?? next, next) : nextLook
        switch await waitForTasks(until: min(end, holds.nextEnd ?? end)) {
        case .success(false): break
        case .success(true):
            // Until the claim shows otherwise.
            vainLooks = asked.duration(to: .now) < .milliseconds(250) ? vainLooks + 1 : 1
            (isWaiting, nextClaim, isTold) = (false, .now, false)
        case .failure(let error):
            isWaiting = false
            await overcome(error, sent: .now)
        }
    }

    /// Waits for what is due, for something to settle, and for whoever asks the run to stop; whichever comes first.
    private func waitForTasks(until end: ContinuousClock.Instant) async -> Result<Bool, StoreError> {
        let (store, bench, names) = (store, bench, claimable)
        let queues = QueueFilter.all(of: settings.queues)
        return await withTaskGroup(of: Result<Bool, StoreError>.self) { group in
            group.addTask {
                let result: Result<Bool, StoreError>
                do throws(StoreError) {
                    result = .success(try await store.waitForTasks(names: names, queues: queues, until: end))
                } catch {
                    result = .failure(error)
                }
                if !Task.isCancelled { bench.interrupt() }
                return result
            }
            bench.wait(threshold: wakeThreshold, until: end)
            group.cancelAll()
            return await group.next() ?? .success(false)
        }
    }
}
