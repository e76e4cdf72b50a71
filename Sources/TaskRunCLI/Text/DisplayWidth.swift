import TaskRun

extension String {
    /// How many columns a terminal shows it in: wide East Asian characters and emoji take two, marks none.
    var displayWidth: Int { reduce(0) { $0 + $1.displayWidth } }

    /// Cut to a number of columns, with `…` at the end where something was cut off.
    ///
    /// Also where it takes 16 bytes a column and more: marks take no columns, and there can be any number of them.
    func cut(toWidth limit: Int) -> String {
        let bytes = 16 * max(limit, 1)
        let short = BoundedText.prefix(self, bytes: bytes)
        guard utf8.count > bytes || displayWidth > limit else { return self }
        var (width, kept) = (0, "")
        for character in short {
            width += character.displayWidth
            if width > limit - 1 { break }
            kept.append(character)
        }
        return kept + "…"
    }

    /// Safe to be shown on a terminal: control characters, which could change its state, become `�`.
    ///
    /// Line ends and tabs stay if asked for; else they become spaces.
    func visible(keepingLines: Bool = false) -> String {
        // Most texts have nothing of it: control characters are these bytes, or begin with them in UTF-8.
        guard utf8.contains(where: { $0 < 0x20 || $0 == 0x7f || $0 == 0xc2 || $0 == 0xe2 }) else { return self }
        var shown = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            switch scalar {
            case "\n", "\t": shown.append(keepingLines ? scalar : " ")
            case _ where scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value): shown.append("\u{FFFD}")
            // Directions that could make a line read as another one.
            case "\u{202a}"..."\u{202e}", "\u{2066}"..."\u{2069}": shown.append("\u{FFFD}")
            default: shown.append(scalar)
            }
        }
        return String(shown)
    }
}

extension Character {
    fileprivate var displayWidth: Int {
        guard let scalar = unicodeScalars.first else { return 0 }
        if scalar.isASCII { return 1 }
        if scalar.properties.generalCategory == .nonspacingMark || scalar.properties.generalCategory == .format {
            return 0
        }
        let isEmoji = scalar.properties.isEmojiPresentation || unicodeScalars.contains("\u{FE0F}")
        return isEmoji || Self.wide.contains { $0.contains(scalar.value) } ? 2 : 1
    }

    /// The large blocks of wide characters, after Unicode Standard Annex #11.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
        0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1f64f, 0x1f900...0x1f9ff, 0x20000...0x3fffd,
    ]
}
