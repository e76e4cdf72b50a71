/// Ends that the database refuses: each is written in the best form that it takes, and keeps no other one waiting.
extension OneShotRun {
    /// Why an end is refused whose statement changes nothing.
    var untouched: StoreError {
        StoreError(.refused, subject: "cannot settle tasks in \(store.location)", cause: StoreError.skipped)
    }

    /// Writes ends down of which at least one is refused: those that are taken together in as few calls as halving finds.
    func settleInParts() async {
        let ready = unsettled.filter { $0.apart == nil }
        unsettled.removeAll { $0.apart == nil }
        // The whole is known to be refused.
        var parts = ready.count > 1 ? ready[...].halves : [ready[...]]
        while let part = parts.popLast() {
            do {
                let exchange = try await store.settle(part.map(\.settlement), thenClaim: nil, now: nil)
                tell(exchange.refusals)
                if exchange.hasLockedFollower { note(lockedFollower: true) }
                await conclude(part, exchange.results)
            } catch  where error.code == .held || error.code == .undone {
                // Each alone, and the others go on.
                part.forEach { $0.setApart(at: .now) }
                unsettled += part
            } catch  where error.isPassing {
                unsettled += part + parts.reversed().joined()
                return await overcome(error, sent: .now)
            } catch  where part.count > 1 {
                parts += part.halves
            } catch {
                await refuse(part[part.startIndex], error)
            }
        }
    }

    /// Decides in which form an end is written next that the database refuses in the present one.
    func refuse(_ end: Unsettled, _ error: StoreError) async {
        if end.takeNextForm(after: error) { return unsettled.append(end) }
        do {
            let why = end.words ?? error.cause
            try await store.noteStuck(end.task.proof, isDone: end.decided.verdict == .delete, why: why)
        } catch  where error.isPassing {
            unsettled.append(end)
            return await overcome(error, sent: .now)
        } catch {
            // The database itself cannot be used, whatever is written.
            if error.code != .refused, fatal == nil { self.end(with: error) }
        }
        report.stuck += 1
        observer?(.trouble(end.stuck(error, in: store.location)))
        observer?(.ended(end.task, nil, .untouched, took: end.finished.took))
    }

    /// How many results are named that were not kept.
    private static let mostLostResults = 10

    /// Says that a task is done, and that its result could not be kept.
    func tellLostResult(of end: Unsettled) {
        let isGone = end.verdict == .delete || end.verdict == .cancel
        guard isGone, end.task.token != nil, end.decided.record != nil else { return }
        lostResults += 1
        guard lostResults <= Self.mostLostResults else { return }
        let isLast = lostResults == Self.mostLostResults
        let rest =
            end.form == .withoutResult ? "Its token tells that it has ended, and no more." : "Its token tells nothing."
        observer?(
            .trouble(
                StoreError(
                    .refused,
                    subject: "cannot keep the result of task \(end.task.id) \(end.task.name) in \(store.location)",
                    cause: end.words ?? StoreError.skipped,
                    advice: "The task is done. \(rest) Remove what refuses the result."
                        + (isLast ? " More that are lost like it are not named." : "")
                )
            )
        )
    }

    /// Writes one end down, or decides what is to become of it.
    ///
    /// - Returns: What keeps the database from writing anything at this moment; the end stays as it is.
    func settleAlone(_ place: Int) async -> StoreError? {
        let end = unsettled[place]
        do {
            let exchange = try await store.settle([end.settlement], thenClaim: nil, now: nil)
            unsettled.remove(at: place)
            tell(exchange.refusals)
            if exchange.hasLockedFollower { note(lockedFollower: true) }
            await conclude([end], exchange.results)
        } catch  where error.code == .held {
            postpone(place, error)
        } catch  where error.code == .undone && !end.isUndoneForGood {
            end.timesUndone += 1
            postpone(place, error, pause: .seconds(end.timesUndone))
        } catch  where error.isPassing && error.code != .undone {
            if error.code == .unreachable { doubt(now: .now) }
            return error
        } catch {
            unsettled.remove(at: place)
            await refuse(end, error)
        }
        return nil
    }
}

extension OneShotRun.Unsettled {
    /// Goes on to the next form that differs; false: there is none.
    fileprivate func takeNextForm(after error: StoreError) -> Bool {
        words = words ?? error.cause
        // What takes too long may do so in any form.
        apart = error.code == .undone ? .now : nil
        // Where a task that is to follow is refused, no other form of this end helps.
        var next = error.isAboutFollowUp ? EndForm.withoutLine : form
        while let worse = EndForm(rawValue: next.rawValue + 1) {
            next = worse
            let written = decided.written(as: worse, since: words ?? "", isAboutFollowUp: error.isAboutFollowUp)
            guard let written else { continue }
            (form, settlement, timesUndone) = (worse, written, 0)
            return true
        }
        return false
    }

    /// Whether it was undone so often that it will not be written in this form.
    fileprivate var isUndoneForGood: Bool { timesUndone >= 2 }

    fileprivate func setApart(at moment: ContinuousClock.Instant) {
        (apart, heldSince) = (moment, heldSince ?? moment)
    }

    /// What is said of a task whose row cannot be written at all.
    fileprivate func stuck(_ error: StoreError, in location: String) -> StoreError {
        StoreError(
            .refused,
            subject: "task \(task.id) \(task.name) in \(location) \(decided.verdict.summary)",
            cause: words ?? error.cause,
            advice:
                "Nor can it be made FAILED. No run performs it again; the next ones try to write its end. Remove what refuses "
                + "it: a trigger, a constraint, a missing right.",
            task: task.id
        )
    }
}

extension ArraySlice {
    /// The two halves, the second one first.
    package var halves: [ArraySlice] {
        let middle = startIndex + count / 2
        return [self[middle...], self[..<middle]]
    }
}
