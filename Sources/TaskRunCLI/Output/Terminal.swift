import Platform

/// What can be shown on one of the standard streams.
struct Terminal: Sendable, Equatable {
    /// Whether it is a terminal; if not, there are no colours and no progress line.
    let isTerminal: Bool
    /// Its columns, or nil if it is no terminal.
    let width: Int?
    /// Whether it shows colours and is wished to.
    let hasColour: Bool
    /// Whether a line can be drawn over again.
    let canRedraw: Bool

    /// Looks at a stream.
    ///
    /// - Parameters:
    ///   - descriptor: 1 for stdout, 2 for stderr.
    ///   - variables: The environment: `NO_COLOR` (no-color.org) and `TERM=dumb` switch colours off.
    init(descriptor: Int32, variables: [String: String]) {
        isTerminal = isatty(descriptor) == 1
        var size = winsize()
        let isKnown = isTerminal && ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        width = isTerminal ? (isKnown ? Int(size.ws_col) : 80) : nil
        canRedraw = isTerminal && variables["TERM"] != "dumb"
        hasColour = canRedraw && (variables["NO_COLOR"] ?? "").isEmpty
    }

    init(isTerminal: Bool, width: Int?, hasColour: Bool) {
        self.isTerminal = isTerminal
        self.width = width
        self.hasColour = hasColour
        canRedraw = isTerminal
    }
}

/// Colours, where they are shown; the text alone where they are not.
struct Ink: Sendable {
    /// What a colour stands for.
    enum Colour: Int, Sendable {
        case red = 31
        case green = 32
        case yellow = 33
        case cyan = 36
        case faint = 2
        case bold = 1
    }

    /// Whether colours are shown.
    let isOn: Bool

    /// Colours a text.
    func callAsFunction(_ text: String, _ colour: Colour?) -> String {
        guard isOn, let colour, !text.isEmpty else { return text }
        return "\u{1b}[\(colour.rawValue)m\(text)\u{1b}[0m"
    }
}
