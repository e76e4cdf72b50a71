/// What a run does about a database that somebody keeps locked: it waits for a while, and says so where that was in vain.
extension OneShotRun {
    /// How long the run waits between two tries.
    private static let pause = Duration.milliseconds(250)

    /// Looks at the table for the first time, and puts right what others have left behind.
    ///
    /// - Returns: What was seen, and whether nothing is to be done after it; nil where the table stays locked, as the report says.
    func firstLook() async throws(StoreError) -> (look: Look, isAll: Bool)? {
        do throws(StoreError) {
            return try await waitingForLocks { () throws(StoreError) in
                let look = try await store.look(names: names, queues: .all(of: settings.queues))
                if look.holdsClaims { try await recover() }
                var isMended = look.hasLine ? try await store.mendLines(now: nil) > 0 : false
                if look.hasBatch, try await endBatches() { isMended = true }
                let isAll = turn == nil && !isMended && !isBatchLookDue && !look.holdsClaims && !look.isDue
                return (look, isAll)
            }
        } catch {
            guard error.code == .locked else { throw error }
            (phase, report.trouble) = (.done, error)
            return nil
        }
    }

    /// Repeats what finds the database locked, as long as the run may wait for that.
    ///
    /// - Throws: What `body` throws at last.
    func waitingForLocks<Result>(_ body: () async throws(StoreError) -> Result) async throws(StoreError) -> Result {
        while true {
            do throws(StoreError) {
                let result = try await body()
                lockedSince = nil
                return result
            } catch {
                let now = ContinuousClock.now
                guard error.code == .locked, isLockedForShort(now), !isOver(now), stop.requests == 0 else {
                    throw await explained(error)
                }
                observer?(.trouble(error))
                bench.wait(threshold: 0, until: now.advanced(by: Self.pause))
            }
        }
    }

    /// Whether the database has been locked for no longer than the run waits for that.
    func isLockedForShort(_ now: ContinuousClock.Instant) -> Bool {
        let since = lockedSince ?? now
        lockedSince = since
        return since.duration(to: now) < settings.lockPatience
    }

    /// Claims nothing more, and reports why.
    func giveUp(after error: StoreError) async {
        phase = .done
        report.trouble = await explained(error)
    }

    /// The same error; of a lock with how long it was waited for, and with who holds it.
    private func explained(_ error: StoreError) async -> StoreError {
        guard error.code == .locked, let since = lockedSince else { return error }
        let holder = await store.lockHolder().map { "; \($0)" } ?? ""
        let seconds = Int((since.duration(to: .now) / .seconds(1)).rounded())
        return StoreError(
            .locked,
            subject: error.subject,
            cause: "\(error.cause)\(seconds > 0 ? ", for \(seconds) s" : "")\(holder)",
            advice:
                "Nothing was lost, and the next run tries again. If it stays so, end the program that holds the lock."
        )
    }
}
