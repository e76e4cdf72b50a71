/// Files that contain one SQL statement each.
public enum StatementFile {
    /// The statement of a file, without the comment at its beginning, which is for readers.
    ///
    /// A run reads many of these files, so this looks at bytes. A line `-- same: ` belongs to the statement.
    public static func statement(_ file: [UInt8]) -> String {
        var rest = file[...]
        while rest.starts(with: "--".utf8), !rest.starts(with: "-- same: ".utf8) {
            rest = rest.drop { $0 != UInt8(ascii: "\n") }.dropFirst()
        }
        return String(decoding: rest, as: UTF8.self)
    }
}
