import Foundation
import Testing

@testable import PostgreSQLStore

@Suite("What is said about who holds the horizon")
struct HorizonTextTests {
    private func hold(_ age: Duration) -> HorizonHolder.Hold {
        HorizonHolder.Hold(start: Date(timeIntervalSince1970: 1_800_000_000), age: age)
    }

    private func session(_ age: Duration, client: String? = nil) -> HorizonHolder {
        let session = HorizonHolder.Session(
            processID: 4711,
            role: "app",
            application: nil,
            client: client,
            state: "idle in transaction"
        )
        return HorizonHolder(kind: .session(session), hold: hold(age))
    }

    @Test("a transaction is worth a word from 5 minutes on")
    func long() {
        #expect(!session(.seconds(299.9)).isLong)
        #expect(session(.seconds(300)).isLong)
        #expect(HorizonHolder(kind: .preparedTransaction(name: "x"), hold: hold(.seconds(300))).isLong)
    }

    @Test("a replication slot is worth a word where nobody uses it: its age is not known")
    func slots() {
        #expect(HorizonHolder(kind: .replicationSlot(name: "x", isInUse: false), hold: nil).isLong)
        #expect(!HorizonHolder(kind: .replicationSlot(name: "x", isInUse: true), hold: nil).isLong)
    }

    @Test("it is named with all that is known of it")
    func words() {
        let holder = session(.seconds(7300), client: "10.0.0.7")
        #expect(
            holder.found
                == "session 4711 (role app, from 10.0.0.7, idle in transaction) has a transaction open for 2 h"
        )
        let prepared = HorizonHolder(kind: .preparedTransaction(name: "it's"), hold: hold(.seconds(119)))
        #expect(prepared.found == "the prepared transaction \"it's\" waits to be committed or rolled back for 119 s")
        let slot = HorizonHolder(kind: .replicationSlot(name: "standby", isInUse: false), hold: nil)
        #expect(slot.found == "the replication slot \"standby\", which is not in use, keeps an old snapshot")
    }
}
