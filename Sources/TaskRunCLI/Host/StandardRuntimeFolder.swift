import Handlers
import Platform

/// Where the runtime directory is unless the settings say otherwise: the first of a few folders that are private to
/// this user.
///
/// While the user is logged in, `$XDG_RUNTIME_DIR` and `/run/user/UID` are the same folder. cron does not set the
/// variable, and runs from cron and from a terminal must meet. Otherwise it is in the user's state folder. It is in
/// `/tmp`, where anyone can make a folder of any name, only for users without a home.
struct StandardRuntimeFolder {
    let variables: [String: String]
    var user: uid_t = geteuid()
    /// The folder that exists for everyone.
    var temporary = "/tmp"

    /// The path; the folder need not be there yet.
    var path: String {
        if let base = sessionFolders.first(where: isOwn) { return "\(base)/taskrun" }
        // A home that several machines share must not hold what belongs to one of them.
        for (base, rest) in stateFolders where isOwn(base) && !FileSystem.isRemote(base) { return "\(base)/\(rest)" }
        return temporaryPath
    }

    /// The folders of the user's session.
    var sessionFolders: [String] {
        [variables["XDG_RUNTIME_DIR"], "/run/user/\(user)"].compactMap(\.self).filter(Self.isAbsolute)
    }

    /// The folders that are the user's own, and what the state folder is called in them.
    var stateFolders: [(base: String, rest: String)] {
        var folders: [(String, String)] = []
        if let state = variables["XDG_STATE_HOME"] { folders.append((state, "taskrun")) }
        if let home = variables["HOME"] { folders.append((home, ".local/state/taskrun")) }
        // Only where the variables lead nowhere: to ask for it takes a moment.
        if !folders.contains(where: { Self.isAbsolute($0.0) && isOwn($0.0) }),
            let home = getpwuid(user).flatMap({ $0.pointee.pw_dir })
        {
            folders.append((String(cString: home), ".local/state/taskrun"))
        }
        return folders.filter { Self.isAbsolute($0.0) }.map { (base: $0.0, rest: $0.1) }
    }

    /// `/tmp/taskrun-UID`, or, if another user has made that, a folder of this user whose name begins so.
    var temporaryPath: String {
        let usual = "\(temporary)/taskrun-\(user)"
        if isOwn(usual) || access(usual, F_OK) != 0 { return usual }
        let names = ((try? Files.names(in: temporary)) ?? []).filter { $0.hasPrefix("taskrun-\(user).") }
        let more = names.map { "\(temporary)/\($0)" }.filter { isOwn($0) }
        // All runs take the first one, also where two have made one at the same moment.
        if let first = more.min() { return first }
        var template = Array("\(usual).XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { return usual }
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Whether a folder is this user's, can be written to, and not by others.
    private func isOwn(_ path: String) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0 else { return false }
        return RuntimeDirectory.fault(mode: status.st_mode, owner: status.st_uid, user: user) == nil
            && faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) == 0
    }

    private static func isAbsolute(_ path: String) -> Bool { path.hasPrefix("/") }
}
