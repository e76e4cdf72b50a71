import Platform

/// Lends strings in the form of C: an array of pointers that ends with a null pointer.
///
/// A string ends at its first NUL.
func withCStrings<Result>(
    _ strings: [String],
    _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeBufferPointer { buffer in
        // The array is never empty: it contains the null pointer.
        guard let start = buffer.baseAddress else { preconditionFailure("an array that is not empty has an address") }
        return body(start)
    }
}
