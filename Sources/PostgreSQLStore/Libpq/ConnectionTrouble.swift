import TaskRun

/// Finds what is wrong with the way to the server if libpq itself reports it: libpq has no numbers for these errors.
///
/// The words are libpq's own, from its files fe-connect.c and fe-secure-openssl.c. This program sets no locale, so they
/// are English.
enum ConnectionTrouble {
    /// The failure, if only a person can end it.
    static func find(in message: String) -> PostgreSQLFailure? {
        for (words, advice) in known where message.contains(words) {
            return PostgreSQLFailure(.database, message: message, advice: advice)
        }
        return nil
    }

    /// libpq's words, and what to do.
    private static let known: [(words: String, advice: String)] = [
        (
            "does not match host name",
            """
            Name the server as its certificate does, in the address or in ~/.pg_service.conf; sslmode=verify-ca does \
            not compare names.
            """
        ),
        (
            "certificate verify failed",
            """
            Name the certificate of the authority that signed the server's with sslrootcert=FILE, or put it into \
            ~/.postgresql/root.crt.
            """
        ),
        (
            "root certificate file",
            """
            Name the authority's certificate with sslrootcert=FILE (sslrootcert=system: those of this machine, with \
            libpq 16 and later).
            """
        ),
        (
            "certificate could not be obtained",
            "The server shows no certificate: set ssl = on there, or leave out sslmode."
        ),
        (
            "server does not support SSL, but SSL was required",
            "Switch TLS on at the server (ssl = on). If the network to it is safe, you can write sslmode=prefer."
        ),
        ("invalid sslmode value", "Write sslmode=disable, allow, prefer, require, verify-ca or verify-full."),
        ("invalid channel_binding value", "Write channel_binding=disable, prefer or require."),
        (
            "invalid target_session_attrs value",
            "Write target_session_attrs=any, read-write, read-only, primary, standby or prefer-standby."
        ),
        ("invalid gssencmode value", "Write gssencmode=disable, prefer or require."),
        ("invalid load_balance_hosts value", "Write load_balance_hosts=disable or random."),
        (
            "private key file",
            "The key's file must belong to this user or to root, and no other user may read it (chmod 0600)."
        ),
    ]
}
