import Platform
import SystemPackage

/// Sends a request over HTTP by the system's curl(1), so that this program needs no HTTP client of its own.
///
/// curl reads the address from its stdin: a list of processes does not show it. Files of curl's own with settings are
/// not read, and redirections are not followed.
public struct Curl: Sendable {
    /// Why a request was not answered with success, in words without the address.
    public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        /// What went wrong, to follow a colon.
        public let description: String
    }

    /// The variables of proxies and certificates that curl knows.
    private static let variables = [
        "PATH", "HOME", "http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy",
        "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR",
    ]

    /// The program's path, or nil if there is none along `PATH`.
    public let path: String?
    private let environment: [String: String]

    /// Looks for curl along `PATH`.
    ///
    /// - Parameter variables: The environment of this process.
    public init(variables: [String: String]) {
        environment = variables.filter { Self.variables.contains($0.key) }
        let folders = (variables["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        path = folders.map { "\($0)/curl" }.first { access($0, X_OK) == 0 }
    }

    /// Sends a POST, and returns when it was answered with a status from 200 to 299.
    ///
    /// If the calling Swift task is cancelled, curl is ended.
    ///
    /// - Parameters:
    ///   - body: A JSON value, or nil for an empty body.
    ///   - url: The address.
    ///   - seconds: How long it may take in all.
    /// - Throws: ``Failure`` for anything else.
    public func post(_ body: String?, to url: String, seconds: Int) async throws(Failure) {
        guard let path else { throw Failure(description: "curl is not found along PATH. Install it.") }
        let program = ChildProcess(
            program: Program(
                path: FilePath(path),
                arguments: ["--disable", "--config", "-"],
                environment: environment,
                workingDirectory: "/"
            ),
            killAfter: .seconds(1),
            outputLimit: 64
        )
        let end: ChildProcess.End
        do {
            end = try await program.run(input: Array(Self.settings(body, url, seconds).utf8))
        } catch {
            throw Failure(description: SpawnFailure.text(error, path: path, workingDirectory: "/"))
        }
        if let problem = Self.problem(end.status, answer: end.output.text, seconds: seconds) {
            throw Failure(description: problem)
        }
    }

    /// The settings that curl reads from its stdin.
    static func settings(_ body: String?, _ url: String, _ seconds: Int) -> String {
        let values = [
            ("url", url), ("request", "POST"), ("data-raw", body ?? ""), ("header", "Content-Type: application/json"),
            ("user-agent", "taskrun"), ("max-time", String(seconds)), ("proto", "=http,https"),
            ("output", "/dev/null"), ("write-out", "%{http_code}"),
        ]
        return values.map { "\($0.0) = \"\(escaped($0.1))\"\n" }.joined() + "silent\n"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            .replacing("\r", with: "\\r").replacing("\t", with: "\\t")
    }

    /// What went wrong, or nil if nothing did; curl(1) lists its exit codes.
    static func problem(_ status: ProgramEnd, answer: String, seconds: Int) -> String? {
        switch status {
        case .exited(0):
            guard let code = Int(answer), !(200..<300).contains(code) else { return nil }
            return (300..<400).contains(code)
                ? "it was answered with a redirection (\(code)). Write the address to which it leads."
                : "it was answered with the status \(code)"
        case .exited(3): return "the address is not one that curl understands"
        case .exited(5): return "the proxy's name is not found"
        case .exited(6): return "the name of the host is not found"
        case .exited(7): return "no connection to the host"
        case .exited(28): return "no answer within \(seconds) s"
        case .exited(35), .exited(60): return "the host's certificate cannot be verified, or TLS failed"
        case .exited(let code): return "curl ended with the exit status \(code); curl(1) says what it means"
        case .signaled(let number): return "curl was ended by \(Signals.describe(number))"
        case .killedForSignal: return "curl was ended"
        }
    }
}
