import Platform

/// The users who may change a file or a folder, from its stat(2).
struct Writers: Sendable, Equatable {
    let owner: uid_t
    let group: gid_t
    /// The permission bits with the sticky bit, `0o1777`.
    let permissions: UInt32

    init(owner: uid_t, group: gid_t, permissions: UInt32) {
        (self.owner, self.group, self.permissions) = (owner, group, permissions)
    }

    init(_ status: stat) {
        self.init(owner: status.st_uid, group: status.st_gid, permissions: UInt32(status.st_mode) & 0o7777)
    }

    /// The problem, for people, as the words that follow the name.
    ///
    /// - Parameters:
    ///   - user: This user.
    ///   - isPassedThrough: Whether it is a folder on the way to the file. If such a folder is sticky, as /tmp is,
    ///     other users may add to it, but neither remove nor rename another user's files.
    ///   - isPrivate: Whether a group has its owner as the only member.
    /// - Returns: The problem, or nil if only this user and root may change it.
    func fault(for user: uid_t, isPassedThrough: Bool, isPrivate: (gid_t, uid_t) -> Bool) -> String? {
        guard owner == user || owner == 0 else { return "belongs to \(Account.name(of: owner))" }
        let isSticky = isPassedThrough && permissions & 0o1000 != 0
        if isSticky { return nil }
        let mode = "mode \(String(permissions & 0o777, radix: 8))"
        if permissions & 0o002 != 0 { return "may be written to by everyone on this machine (\(mode))" }
        if permissions & 0o020 != 0, !isPrivate(group, owner) {
            return "may be written to by the group \(Account.groupName(of: group)) (\(mode))"
        }
        return nil
    }
}

/// Users and groups by their numbers.
enum Account {
    /// `eve`, or `the user 1001` if the user has no name here.
    static func name(of user: uid_t) -> String {
        getpwuid(user).flatMap { $0.pointee.pw_name }.map { String(cString: $0) } ?? "the user \(user)"
    }

    static func groupName(of group: gid_t) -> String {
        getgrgid(group).flatMap { $0.pointee.gr_name }.map { String(cString: $0) } ?? String(group)
    }

    /// Whether a group is its user's own: it has the user's name and no other member.
    ///
    /// Systems that give each user such a group set the umask to 002. The rule is that of Debian's sshd.
    static func isPrivate(_ group: gid_t, of user: uid_t) -> Bool {
        guard let entry = getgrgid(group), let name = entry.pointee.gr_name.map({ String(cString: $0) }) else {
            return false
        }
        var member = entry.pointee.gr_mem
        while let text = member?.pointee {
            guard String(cString: text) == name else { return false }
            member = member?.advanced(by: 1)
        }
        return getpwuid(user).flatMap { $0.pointee.pw_name }.map { String(cString: $0) } == name
    }
}
