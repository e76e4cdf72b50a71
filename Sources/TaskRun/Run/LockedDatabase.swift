/// What a run does if another program keeps the database locked: it waits for a while, then reports how long.
extension RunShared {
    /// How long the run waits between two tries.
    private static let pause = Duration.milliseconds(250)

    /// Repeats a call that finds the database locked, as long as the run may wait.
    ///
    /// - Throws: What `body` throws at last.
    func waitingForLocks<Result>(_ body: () async throws(StoreError) -> Result) async throws(StoreError) -> Result {
        while true {
            do throws(StoreError) {
                let result = try await body()
                state.answered()
                return result
            } catch {
                let now = ContinuousClock.now
                guard error.code == .locked else { throw error }
                state.troubled(error, at: now, pause: .zero)
                guard isLockedForShort(now), !state.isOver(now), stop.requests == 0 else {
                    throw await explained(error)
                }
                tell(.trouble(error))
                attempts.wait(threshold: 0, until: now.advanced(by: Self.pause))
            }
        }
    }

    /// Whether the database has been locked for less time than the run waits.
    func isLockedForShort(_ now: ContinuousClock.Instant) -> Bool { state.lockedFor(now) < settings.lockPatience }

    /// Claims nothing more, and reports why.
    func giveUp(after error: StoreError) async { state.finish(because: await explained(error)) }

    /// The same error; for a lock it also says how long the run waited and who holds the lock.
    private func explained(_ error: StoreError) async -> StoreError {
        guard error.code == .locked, state.trouble?.lockedSince != nil else { return error }
        let holder = await store.lockHolder().map { "; \($0)" } ?? ""
        let seconds = Int((state.lockedFor(.now) / .seconds(1)).rounded())
        return StoreError(
            .locked,
            subject: error.subject,
            cause: "\(error.cause)\(seconds > 0 ? ", for \(seconds) s" : "")\(holder)",
            advice:
                "Nothing was lost, and the next run tries again. If that goes on, end the program that holds the lock."
        )
    }
}
