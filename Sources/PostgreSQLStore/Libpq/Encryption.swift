import CPostgreSQL
import TaskRun

/// How a connection is kept from those who can read or change what is on its way.
struct Encryption: Sendable, Equatable {
    /// The way that it takes.
    enum Way: Sendable, Equatable {
        /// A socket in the file system, or this machine's own address.
        case local
        /// A network, as it is.
        case plain
        /// A network, encrypted: `TLSv1.3`.
        case tls(version: String)
        /// A network, encrypted by Kerberos.
        case gss
    }

    var way: Way
    /// The setting `sslmode`: what libpq looks at in the server's certificate.
    var mode: String

    /// What `taskrun check` says of it.
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
            let found =
                "encrypted (\(version)), but the server's certificate is not verified (sslmode=\(mode)): another machine can take its place"
            return Finding(.warning, "connection", found, advice: advice)
        case (.plain, _):
            let found = "not encrypted (sslmode=\(mode)): who is on the way can read and change it"
            return Finding(.warning, "connection", found, advice: advice)
        }
    }
}

extension PostgreSQLSession {
    /// How this connection is encrypted.
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
