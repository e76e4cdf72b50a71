/// The forms in which the end of a task can be written, the best one first.
///
/// A database may refuse the best one: rows of other tables refer to the task, a trigger keeps it, a right is missing,
/// an encoding lacks a letter. Then the next form is tried, until none is left.
enum EndForm: Int, CaseIterable, Sendable {
    /// As it was decided.
    case whole
    /// With the result as bytes and other texts in ASCII, which every encoding has.
    case plain
    /// Without the result's content.
    case withoutResult
    /// Without a line in `task_results`.
    case withoutLine
    /// FAILED, with what the database said.
    case failed
    /// FAILED, with a short text in ASCII, and without a line in `task_results`.
    case bare
}

extension Settlement {
    /// The same end in another form.
    ///
    /// - Parameters:
    ///   - form: The form.
    ///   - words: What the database said against the better forms.
    ///   - isAboutFollowUp: Whether it refused a follow-up.
    /// - Returns: What to write, or nil if this form is the same as a better one.
    func written(as form: EndForm, since words: String, isAboutFollowUp: Bool = false) -> Settlement? {
        switch form {
        case .whole: self
        case .plain: plain
        case .withoutResult: verdict == .delete ? record.map { with(record: $0.withoutContent) } : nil
        case .withoutLine: verdict.resultState != nil && record != nil ? with(record: nil) : nil
        case .failed: failed(words, isAboutFollowUp)
        case .bare: with(verdict: .fail(error: verdict.summary), record: nil)
        }
    }

    private var plain: Settlement? {
        switch verdict {
        case .delete:
            guard let record, record.isText else { return nil }
            return with(record: record.asBytes)
        case .cancel:
            return nil
        case .fail(let error):
            return error.isASCII ? nil : with(verdict: .fail(error: error.inASCII), record: record?.asBytes)
        case .retry(let wait, let error):
            return error.isASCII
                ? nil : with(verdict: .retry(after: wait, error: error.inASCII), record: record?.asBytes)
        case .release(let wait, let error, let isAsked):
            guard let error, !error.isASCII else { return nil }
            return with(
                verdict: .release(after: wait, error: error.inASCII, isAsked: isAsked),
                record: record?.asBytes
            )
        }
    }

    private func failed(_ words: String, _ isAboutFollowUp: Bool) -> Settlement? {
        let error: String
        switch verdict {
        case .fail: return nil
        case .delete where isAboutFollowUp:
            error = "a follow-up was refused, and none was added: \(words)"
        case .delete, .cancel, .release: error = "\(verdict.summary): \(words)"
        case .retry(_, let cause): error = "\(cause)\n(\(verdict.summary): \(words))"
        }
        let record = record.map { ResultRecord(keep: $0.keep, began: $0.began) }
        return with(verdict: .fail(error: error), record: record)
    }

    private func with(verdict: Verdict, record: ResultRecord?) -> Settlement {
        Settlement(
            proof,
            verdict,
            lockKey: lockKey,
            letsPass: letsPass,
            record: record,
            batch: batch,
            followUps: verdict == .delete ? followUps : [],
            facts: facts
        )
    }

    private func with(record: ResultRecord?) -> Settlement { with(verdict: verdict, record: record) }
}

extension Verdict {
    /// What is wrong if a row cannot be written with this verdict.
    package var summary: String {
        switch self {
        case .delete: "performed, but its row cannot be deleted"
        case .cancel: "cancelled, but its row cannot be deleted"
        case .retry: "failed, and its row cannot be made WAITING for the next attempt"
        case .fail: "failed, and the reason cannot be written"
        case .release: "released, but its row cannot be made WAITING"
        }
    }
}

extension ResultRecord {
    /// Whether it has a text that an encoding may be unable to store.
    fileprivate var isText: Bool { (columns.text.map { !$0.isEmpty } ?? false) || progress?.note != nil }

    /// The same record, in a form that every encoding can store.
    fileprivate var asBytes: ResultRecord {
        var record = self
        record.isStoredAsBytes = true
        record.progress = progress.map { ProgressNote($0.progress, note: $0.note?.inASCII) }
        return record
    }

    /// The same record without the handler's result.
    fileprivate var withoutContent: ResultRecord {
        var record = ResultRecord(keep: keep, began: began, size: size)
        record.isWithoutContent = true
        return record
    }
}

extension String {
    fileprivate var isASCII: Bool { utf8.allSatisfy { $0 < 0x80 } }

    /// The text with a question mark for each character that is not in ASCII.
    fileprivate var inASCII: String {
        String(String.UnicodeScalarView(unicodeScalars.map { $0.isASCII ? $0 : "?" }))
    }
}
