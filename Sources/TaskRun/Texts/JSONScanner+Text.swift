#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension JSONScanner {
    /// The text that a JSON text in quotes stands for; escapes that stand for no character become U+FFFD.
    package static func unquote(_ json: String) -> String {
        // Few texts have escapes, and the decoder costs many times what the rest of a line does.
        if !json.utf8.contains(UInt8(ascii: "\\")) { return String(json.dropFirst().dropLast()) }
        return (try? JSONDecoder().decode(String.self, from: Data(json.utf8))) ?? "\u{FFFD}"
    }
}
