import Testing

@testable import TaskRun

/// What recovery makes of a row whose run died.
@Suite("Takeovers")
struct TakeoverTests {
    private func row(
        id: Int64 = 1,
        crashes: Int64 = 0,
        owner: String? = "web1 12 34 boot 56",
        isOwnerDead: Bool = false,
        leaseEnd: String? = "L",
        isToBeCancelled: Bool = false
    ) -> AbandonedRow {
        AbandonedRow(
            proof: ClaimProof(id: id, number: 7),
            name: "A",
            crashes: crashes,
            owner: owner,
            isOwnerDead: isOwnerDead,
            leaseEnd: leaseEnd,
            isToBeCancelled: isToBeCancelled,
            lockKey: "k",
            batch: "b"
        )
    }

    @Test(
        "count the crash; the row is FAILED at the limit, unless it is to be cancelled",
        arguments: [
            (0, false, 1, TaskStatus.waiting), (3, false, 4, .waiting), (4, false, 5, .failed), (9, false, 10, .failed),
            (4, true, 5, .waiting), (Int64.max, false, Int(Int32.max), .failed),
        ]
    )
    func status(_ crashes: Int64, _ isToBeCancelled: Bool, _ counted: Int, _ status: TaskStatus) {
        let takeover = Takeover(row(crashes: crashes, isToBeCancelled: isToBeCancelled), crashLimit: 5, seen: "N")
        let task = RecoveredTask(id: 1, name: "A", crashes: counted, status: status, isCancelled: isToBeCancelled)
        #expect(takeover.task == task && takeover.proof == ClaimProof(id: 1, number: 7))
        #expect(takeover.becomesWaiting == (status == .waiting))
        #expect(takeover.task.hasEnded == (status == .failed || isToBeCancelled))
    }

    @Test("say which run died, how that is known, and how often in a row")
    func texts() {
        func text(_ row: AbandonedRow) -> String { Takeover(row, crashLimit: 5, seen: "N").error }
        let run = "run 12 on web1 died while it held this task"
        #expect(text(row()) == "\(run) (its lease ended at L UTC, seen N UTC; crash 1 of 5 in a row)")
        #expect(text(row(leaseEnd: nil)) == "\(run) (it left no lease, seen N UTC; crash 1 of 5 in a row)")
        #expect(
            text(row(crashes: 4, isOwnerDead: true))
                == "\(run) (its process is gone, seen N UTC; 5 times in a row, given up)"
        )
        #expect(text(row(owner: "me")).hasPrefix("run \"me\" died"))
        #expect(text(row(owner: nil)).hasPrefix("an unknown run died"))
        #expect(text(row(owner: String(repeating: "x", count: 20_000))).utf8.count <= LastError.limit)
    }

    @Test("free the keys of tasks that have ended, and name the rows that the table left as they were")
    func outcome() {
        let rows = [
            row(id: 1), row(id: 2, crashes: 4), row(id: 3, isToBeCancelled: true), row(id: 4), row(id: 5),
            row(id: 6, isToBeCancelled: true),
        ].map { Takeover($0, crashLimit: 5, seen: "N") }
        let recovered = Recovered(rows, written: [1, 2, 3], gaveWay: [4, 6])
        #expect(recovered.written.map(\.proof.id) == [1, 2, 3])
        #expect(recovered.ended.map(\.proof.id) == [2, 3, 4, 6])
        #expect(recovered.skipped == [5])
        #expect(recovered.tasks.map(\.id) == [1, 2, 3, 4, 6])
        #expect(recovered.tasks.map(\.gaveWay) == [false, false, false, true, true])
        #expect(recovered.tasks.map(\.isCancelled) == [false, false, true, false, false])
    }
}
