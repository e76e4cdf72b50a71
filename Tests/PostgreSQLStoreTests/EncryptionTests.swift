import TaskRun
import Testing

@testable import PostgreSQLStore

@Suite("How a connection is protected")
struct EncryptionTests {
    @Test(
        "only what is encrypted and verified, or does not leave the machine, is good",
        arguments: [
            (.local, "prefer", .ok), (.gss, "prefer", .ok), (.tls(version: "TLSv1.3"), "verify-full", .ok),
            (.tls(version: "TLSv1.3"), "verify-ca", .warning), (.tls(version: "TLSv1.3"), "require", .warning),
            (.plain, "prefer", .warning), (.plain, "disable", .warning),
        ] as [(Encryption.Way, String, Finding.Level)]
    )
    func levels(way: Encryption.Way, mode: String, level: Finding.Level) {
        let finding = Encryption(way: way, mode: mode).finding
        #expect(finding.level == level && (finding.advice == nil) == (level == .ok))
        #expect(level == .ok || finding.advice?.contains("sslmode=verify-full") == true)
    }
}
