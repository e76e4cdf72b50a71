/// A text that is compared by its bytes, as SQL compares it.
///
/// Swift takes two texts for one where letters are composed in one (NFC) and decomposed in the other (NFD); for a database they are two.
package struct ByteText: Hashable, Comparable, Sendable {
    /// The text.
    package let text: String

    /// Wraps a text.
    package init(_ text: String) { self.text = text }

    package static func == (one: ByteText, other: ByteText) -> Bool {
        // A loop over buffers: `elementsEqual` costs some 800 instructions for a name, at each look into a dictionary.
        var (one, other) = (one.text, other.text)
        return one.withUTF8 { bytes in
            other.withUTF8 { others in
                guard bytes.count == others.count else { return false }
                for index in bytes.indices where bytes[index] != others[index] { return false }
                return true
            }
        }
    }

    package static func < (one: ByteText, other: ByteText) -> Bool {
        one.text.utf8.lexicographicallyPrecedes(other.text.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
