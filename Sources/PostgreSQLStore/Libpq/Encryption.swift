import CPostgreSQL
import TaskRun

/// How a connection is protected against others who could read or change its data.
struct Encryption: Sendable, Equatable {
    /// How the data travels.
    enum Way: Sendable, Equatable {
        /// Through a socket in the file system, or to this machine's own address.
        case local
        /// Over a network, not encrypted.
        case plain
        /// Over a network, encrypted: `TLSv1.3`.
        case tls(version: String)
        /// Over a network, encrypted by Kerberos.
        case gss
    }

    var way: Way
    /// The setting `sslmode`: what libpq checks in the server's certificate.
    var mode: String

    var finding: Finding {
        let advice = "Add sslmode=verify-full to the address (docs/secrets.md)."
        switch (way, mode) {
        case (.local, _): return Finding(.ok, "connection", "does not leave this machine")
        case (.gss, _): return Finding(.ok, "connection", "encrypted by Kerberos, which verifies the server")
        case (.tls(let version), "verify-full"):
            return Finding(.ok, "connection", "encrypted (\(version)), the server's certificate and name are verified")
        case (.tls(let version), "verify-ca"):
            let found = "encrypted (\(version)); the server's certificate is verified, its name is not"
            return Finding(.warning, "connection", found, advice: advice)
        case (.tls(let version), _):
            let found = """
                encrypted (\(version)), but the server's certificate is not verified (sslmode=\(mode)): another \
                machine can pretend to be the server
                """
            return Finding(.warning, "connection", found, advice: advice)
        case (.plain, _):
            let found = "not encrypted (sslmode=\(mode)): others on the network can read and change it"
            return Finding(.warning, "connection", found, advice: advice)
        }
    }
}

extension PostgreSQLSession {
    var encryption: Encryption {
        let options = PostgreSQLAddress.options(PQconninfo(handle)) ?? [:]
        return Encryption(way: way, mode: options["sslmode"] ?? "prefer")
    }

    private var way: Encryption.Way {
        if PQsslInUse(handle) == 1 {
            return .tls(version: PQsslAttribute(handle, "protocol").map { String(cString: $0) } ?? "TLS")
        }
        if PQgssEncInUse(handle) == 1 { return .gss }
        let host = PQhost(handle).map { String(cString: $0) } ?? ""
        let address = PQhostaddr(handle).map { String(cString: $0) } ?? ""
        let isLocal = host.hasPrefix("/") || host.hasPrefix("@") || address.hasPrefix("127.") || address == "::1"
        return isLocal ? .local : .plain
    }
}
