import Platform
import SystemPackage

/// The terminal as the live view uses it: another screen, keys at once, no echo.
///
/// ``leave()`` makes it as it was.
struct TopScreen {
    private var before = termios()

    /// Takes the terminal, or returns nil if stdin or stdout is none.
    init?() {
        guard isatty(0) == 1, isatty(1) == 1, tcgetattr(0, &before) == 0 else { return nil }
        var raw = before
        raw.c_lflag &= ~tcflag_t(ICANON | ECHO)
        withUnsafeMutableBytes(of: &raw.c_cc) { keys in
            (keys[Int(VMIN)], keys[Int(VTIME)]) = (0, 0)
            // Ctrl-Z and Ctrl-\ would leave the terminal as it is now.
            (keys[Int(VSUSP)], keys[Int(VQUIT)]) = (0, 0)
        }
        signal(SIGTSTP, SIG_IGN)
        signal(SIGQUIT, SIG_IGN)
        guard tcsetattr(0, TCSADRAIN, &raw) == 0 else { return nil }
        Self.write("\u{1b}[?1049h\u{1b}[?25l")
    }

    /// Gives the terminal back.
    func leave() {
        Self.write("\u{1b}[?25h\u{1b}[?1049l")
        var before = before
        tcsetattr(0, TCSADRAIN, &before)
    }

    /// Its columns and rows at this moment.
    static var size: (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Draws lines from the first row on, and nothing below.
    func draw(_ lines: [String]) {
        Self.write("\u{1b}[H" + lines.map { $0 + "\u{1b}[K" }.joined(separator: "\r\n") + "\u{1b}[J")
    }

    /// What was typed since the last call, or nil if the terminal is gone.
    func typed() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = read(0, &buffer, buffer.count)
        if count < 0 { return errno == EINTR || errno == EAGAIN ? [] : nil }
        return Array(buffer[..<count])
    }

    /// Errors are ignored: if the terminal is gone, the next look at its keys says so.
    private static func write(_ text: String) { _ = try? FileDescriptor.standardOutput.writeAll(text.utf8) }
}
