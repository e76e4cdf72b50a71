/// What a task with a token leaves in `task_results` when it ends.
///
/// The verdict decides how it ended: see ``ResultState``.
public struct ResultRecord: Sendable, Equatable {
    /// How long the result is kept after the end; default 24 h.
    public var keep: Duration
    /// When the attempt began, or nil if none did.
    public var began: ContinuousClock.Instant?
    /// SHA-256 of the payload in hexadecimal digits, by which an equal task finds the result; nil if it must not be
    /// found.
    public var dataHash: String?
    /// What the handler returned, cut to the limit of ``RunSettings/maxResult``.
    public var result: [UInt8]
    /// How many bytes the handler returned: more than ``result`` has, if that was cut.
    public var size: Int
    /// The last progress, which may not be in the table yet.
    public var progress: ProgressNote?
    /// Whether a text result is stored as bytes, because the database's encoding does not have all of its characters.
    package var isStoredAsBytes = false
    /// Whether only the result's size is stored, because the database refuses the result itself.
    package var isWithoutContent = false

    /// Creates a record.
    public init(
        keep: Duration = ResultRecord.standardKeep,
        began: ContinuousClock.Instant? = nil,
        dataHash: String? = nil,
        result: [UInt8] = [],
        size: Int? = nil,
        progress: ProgressNote? = nil
    ) {
        self.keep = keep
        self.began = began
        self.dataHash = dataHash
        self.result = result
        self.size = size ?? result.count
        self.progress = progress
    }

    /// How long results are kept by default: 24 h.
    public static let standardKeep = Duration.seconds(86_400)

    /// Cuts a result to a number of bytes; what was text stays text.
    public static func cut(_ result: [UInt8], to limit: Int, isCut: Bool = false) -> [UInt8] {
        guard result.count > limit || isCut else { return result }
        let kept = result.prefix(limit)
        guard String(validating: kept, as: UTF8.self) == nil else { return Array(kept) }
        // A character has two to four bytes, as its first byte says; a cut one has fewer.
        for rest in 1...3 where kept.count >= rest {
            let first = kept[kept.endIndex - rest]
            guard (0xc2...0xf4).contains(first), rest < (first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4) else { continue }
            let shorter = kept.dropLast(rest)
            if String(validating: shorter, as: UTF8.self) != nil { return Array(shorter) }
        }
        return Array(kept)
    }

    /// The result as the columns store it: as text if it is UTF-8 without NUL, otherwise as bytes.
    package var columns: (text: String?, bytes: [UInt8]?) {
        guard !isWithoutContent else { return (nil, nil) }
        guard !isStoredAsBytes, !result.contains(0), let text = String(validating: result, as: UTF8.self) else {
            return (nil, result)
        }
        return (text, nil)
    }

    /// How long ago the attempt began, in seconds, or nil if none did.
    package var secondsSinceBegin: Double? { began.map { $0.duration(to: .now) / .seconds(1) } }
}

/// The states of an ended task with a token, as the column `status` of `task_results` has them.
public enum ResultState: String, Sendable, Codable {
    /// The handler succeeded.
    case complete = "COMPLETE"
    /// Given up; the row is in `tasks`, for a person to look at.
    case failed = "FAILED"
    /// Cancelled before it had ended.
    case cancelled = "CANCELLED"
}

extension Verdict {
    /// The state and the error that a result gets from this verdict, or nil if the task goes on.
    package var resultState: (state: ResultState, error: String?)? {
        switch self {
        case .delete: (.complete, nil)
        case .fail(let error): (.failed, error)
        case .cancel: (.cancelled, nil)
        case .retry, .release: nil
        }
    }
}

/// A handler's progress, with a short note.
public struct ProgressNote: Sendable, Equatable {
    /// The progress.
    public let progress: TaskContext.Progress
    /// The note, or nil for none.
    public let note: String?

    /// Creates a progress note.
    ///
    /// Of a long note the first 500 Unicode scalars are kept (2,000 bytes at most). NUL becomes U+FFFD.
    public init(_ progress: TaskContext.Progress, note: String?) {
        self.progress = progress
        self.note = note.map { note in
            let scalars = note.unicodeScalars.prefix(500).map { $0 == "\0" ? "\u{FFFD}" : $0 }
            return String(String.UnicodeScalarView(scalars))
        }
    }
}
