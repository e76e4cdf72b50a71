import Platform

/// Who may read a file with a password in it, decided from its mode.
enum Readers {
    /// What is wrong with a settings file.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - keys: The keys whose values hold a password.
    /// - Returns: Nil where there is no password in it, or others cannot read it.
    static func fault(of path: String, holding keys: [String]) -> ProgramError? {
        var status = stat()
        guard let key = keys.first, stat(path, &status) == 0, mode_t(status.st_mode) & S_IFMT == S_IFREG else {
            return nil
        }
        guard isOpen(permissions: UInt32(status.st_mode) & 0o777, owner: status.st_uid) else { return nil }
        let mode = String(UInt32(status.st_mode) & 0o777, radix: 8)
        return ProgramError(
            .settings,
            "the password in \"\(key)\" in \(path) may be read by others (mode \(mode))",
            advice: "Run: chmod 600 \(path), or leave the password to ~/.pgpass"
        )
    }

    /// Whether others than the owner may read it.
    ///
    /// The group may read a file of root: this user then belongs to it.
    ///
    /// The rule is libpq's for the file with a private key: PostgreSQL's manual, "Client Certificates".
    static func isOpen(permissions: UInt32, owner: uid_t) -> Bool {
        permissions & (owner == 0 ? 0o007 : 0o077) != 0
    }
}
