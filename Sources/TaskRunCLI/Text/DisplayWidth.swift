import TaskRun
import Text

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

    /// Cut to a number of columns in its middle: `CONTACT_…_EMAIL`.
    ///
    /// Names often differ at their end.
    func cutInTheMiddle(toWidth limit: Int) -> String {
        guard displayWidth > limit else { return self }
        guard limit > 4 else { return cut(toWidth: limit) }
        var (front, back) = ("", "")
        var (used, rest) = (0, Substring(self))
        while true {
            let isBack = back.displayWidth < front.displayWidth
            guard let next = isBack ? rest.popLast() : rest.popFirst() else { break }
            used += String(next).displayWidth
            guard used < limit else { break }
            if isBack { back = String(next) + back } else { front.append(next) }
        }
        return "\(front)…\(back)"
    }

    /// Safe to be shown on a terminal: control characters, which could change its state, and invisible ones become
    /// `�`.
    ///
    /// Line ends and tabs stay if asked for; else they become spaces.
    func visible(keepingLines: Bool = false) -> String {
        // Most texts have nothing of it.
        guard utf8.contains(where: { $0 < 0x20 || $0 >= 0x7f }) else { return self }
        var shown = String.UnicodeScalarView()
        var before: Unicode.Scalar?
        var rest = unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\n", "\t": shown.append(keepingLines ? scalar : " ")
            case _ where scalar.isHidden(between: before, and: rest.first): shown.append("\u{FFFD}")
            default: shown.append(scalar)
            }
            before = scalar
        }
        return String(shown)
    }
}

extension Unicode.Scalar {
    /// Whether a terminal may obey it, or shows nothing for it, so that one text looks like another.
    ///
    /// Joiners and variation selectors belong between certain signs, as in emoji and in Persian; beside ASCII they
    /// hide.
    func isHidden(between before: Unicode.Scalar?, and after: Unicode.Scalar?) -> Bool {
        switch value {
        case 0..<0x20, 0x7f..<0xa0: true
        // The ends of lines and paragraphs, and what is written between lines.
        case 0x2028, 0x2029, 0xfff9...0xfffb: true
        case 0x200c, 0x200d: before?.isASCII != false || after?.isASCII != false
        case 0xfe00...0xfe0f: before?.isASCII != false && after?.value != 0x20e3
        default: properties.isDefaultIgnorableCodePoint
        }
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
