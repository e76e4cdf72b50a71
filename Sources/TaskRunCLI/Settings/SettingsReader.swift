import TaskRun
import Configuration
import Text

/// One place where settings may stand: the command line, the environment, or a file.
struct SettingLayer: Sendable {
    /// Its values.
    let snapshot: any ConfigSnapshot
    /// What all keys begin with there.
    let prefix: [String]
    /// Whether a setting may stand there.
    let holds: @Sendable (any SettingDescription) -> Bool
    /// Where exactly a setting stands, for error texts: `--lease`, `TASKRUN_LEASE`, `"lease" in taskrun.yaml line 3`.
    let place: @Sendable (any SettingDescription) -> String
    /// Where relative paths begin; empty for the working directory.
    let folder: String
    /// The exit code for a value that is not as expected.
    let status: ExitStatus

    /// The command line: values by key.
    static func flags(_ values: [String: String], in base: String = "") -> SettingLayer {
        let pairs = values.map { (AbsoluteConfigKey($0.key.split(separator: ".").map(String.init)), $0.value) }
        let texts = Dictionary(uniqueKeysWithValues: pairs).mapValues { ConfigValue(.string($0), isSecret: false) }
        return SettingLayer(
            snapshot: InMemoryProvider(name: "flags", values: texts).snapshot(),
            prefix: [],
            holds: { _ in true },
            place: { $0.flag },
            folder: base,
            status: .usage
        )
    }

    /// The environment: `TASKRUN_…`.
    ///
    /// An empty variable counts as one that is not set.
    static func environment(_ variables: [String: String], in base: String = "") -> SettingLayer {
        let set = variables.filter { $0.key.hasPrefix("TASKRUN_") && !$0.value.isEmpty }
        return SettingLayer(
            snapshot: EnvironmentVariablesProvider(environmentVariables: set).snapshot(),
            prefix: ["taskrun"],
            holds: { $0.isInEnvironment },
            place: { $0.variable },
            folder: base,
            status: .settings
        )
    }

    /// A settings file, or nil for one without values.
    static func file(_ file: SettingsFile) -> SettingLayer? {
        guard let snapshot = file.snapshot else { return nil }
        return SettingLayer(
            snapshot: snapshot,
            prefix: [],
            holds: { _ in true },
            place: { "\"\($0.key)\" in \(file.path)" + (file.lines[$0.key].map { " line \($0)" } ?? "") },
            folder: PathText.folder(of: file.path),
            status: .settings
        )
    }
}

extension SettingLayer {
    fileprivate func content(of setting: any SettingDescription, as type: ConfigType) throws -> ConfigContent? {
        let key = AbsoluteConfigKey(prefix + setting.key.split(separator: ".").map(String.init))
        return try snapshot.value(forKey: key, type: type).value?.content
    }
}

/// Finds each setting in the first place that has it.
struct SettingsReader: Sendable {
    /// The sources of settings, the most important first.
    let layers: [SettingLayer]

    /// A setting's value, or nil if it is not set.
    ///
    /// - Throws: ``ProgramError`` that names key, place and value, and says what is expected.
    func value<Value>(_ setting: Setting<Value>) throws(ProgramError) -> Value? {
        guard let (text, layer) = try find(setting) else { return nil }
        guard let value = setting.form.read(text) else { throw refuse(setting, "is \"\(text)\"", layer) }
        return value
    }

    /// A path, or nil if it is not set.
    func path(_ setting: Setting<String>) throws(ProgramError) -> String? {
        guard let (text, layer) = try find(setting) else { return nil }
        guard !text.isEmpty else { throw refuse(setting, "is empty", layer) }
        return PathText.join(layer.folder, text)
    }

    /// The database's address, or nil if it is not set.
    func address(_ setting: Setting<String>) throws(ProgramError) -> DatabaseAddress? {
        guard let (text, layer) = try find(setting) else { return nil }
        return try DatabaseAddress(text, in: layer.place(setting), relativeTo: layer.folder, status: layer.status)
    }

    /// A list: a YAML list, or words joined by commas; nil if it is not set.
    func list(_ setting: Setting<String>) throws(ProgramError) -> [String]? {
        for layer in layers where layer.holds(setting) {
            if case .stringArray(let words)? = try? layer.content(of: setting, as: .stringArray) { return words }
            if case .string(let text)? = try? layer.content(of: setting, as: .string) {
                return text.split(separator: ",").map(\.trimmed)
            }
        }
        return nil
    }

    private func find(_ setting: any SettingDescription) throws(ProgramError) -> (text: String, layer: SettingLayer)? {
        for layer in layers where layer.holds(setting) {
            do {
                if case .string(let text)? = try layer.content(of: setting, as: .string) { return (text, layer) }
            } catch {
                throw refuse(setting, "is a list", layer)
            }
        }
        return nil
    }

    private func refuse(_ setting: any SettingDescription, _ found: String, _ layer: SettingLayer) -> ProgramError {
        let found = setting.isSecret ? "cannot be used" : found
        return ProgramError(layer.status, "\(layer.place(setting)) \(found): expected \(setting.expected)")
    }
}
