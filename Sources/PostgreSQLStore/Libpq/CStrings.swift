/// Passes texts to C as an array of pointers.
enum CStrings {
    /// Calls `body` with one pointer for each text; nil becomes a null pointer.
    static func with<Result>(_ texts: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result) -> Result {
        // All texts are in one block of memory, so one closure is enough for any number of them.
        var block: [UInt8] = []
        var starts: [Int?] = []
        for text in texts {
            starts.append(text == nil ? nil : block.count)
            guard let text else { continue }
            block.append(contentsOf: text.utf8)
            block.append(0)
        }
        return block.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                let pointers = starts.map { start in start.flatMap { characters.baseAddress?.advanced(by: $0) } }
                return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
            }
        }
    }
}
