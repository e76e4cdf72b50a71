/// A text that is compared by its bytes, as SQL compares it.
///
/// Swift takes two texts as equal if one has composed letters (NFC) and the other has decomposed ones (NFD). For a
/// database they are different.
package struct ByteText: Hashable, Comparable, Sendable {
    /// The text.
    package let text: String

    /// Wraps a text for comparison by its bytes.
    package init(_ text: String) { self.text = text }

    package static func == (one: ByteText, other: ByteText) -> Bool {
        // A loop over buffers: `elementsEqual` costs some 800 instructions for a name, at each lookup in a dictionary.
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
