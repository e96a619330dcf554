import FoundationEssentials

extension StudioConfiguration {
    /// Which program reads: its own required settings are held, the other's are not.
    public enum Program: Sendable, Hashable {
        /// The gateway.
        case gateway
        /// A render worker.
        case worker
        /// A worker's runners alone, without database and Redis.
        case trial
        /// What only asks a program that runs, or stands beside one: it requires nothing.
        case bystander

        /// Whether it works with PostgreSQL and Redis.
        var hasStores: Bool { self == .gateway || self == .worker }
    }

    /// Reads and checks all settings.
    ///
    /// - Parameters:
    ///   - environment: The process environment.
    ///   - program: Which program reads.
    ///   - readFile: Reads the text of a file named by a `…_FILE` variable.
    /// - Throws: `StudioError` with code `invalid` that names every broken rule at once.
    public init(
        environment: [String: String], program: Program, readFile: @escaping (String) throws -> String
    ) throws(StudioError) {
        let (configuration, findings) = Self.read(environment: environment, program: program, readFile: readFile)
        guard findings.isEmpty else { throw .invalid(findings) }
        self = configuration
    }

    /// Reads all settings, also where rules are broken: a setting that breaks one has its default then.
    ///
    /// - Parameters:
    ///   - environment: The process environment.
    ///   - program: Which program reads.
    ///   - readFile: Reads the text of a file named by a `…_FILE` variable.
    /// - Returns: The settings, and every broken rule.
    public static func read(
        environment: [String: String], program: Program, readFile: @escaping (String) throws -> String
    ) -> (StudioConfiguration, [Finding]) {
        var reader = ConfigurationReader(environment: environment, readFile: readFile)
        let configuration = StudioConfiguration(&reader, program)
        return (configuration, reader.findings)
    }

    private init(_ reader: inout ConfigurationReader, _ program: Program) {
        let tier: StudioEnvironment = reader.choice("STUDIO_ENV", default: .development)
        let lease = reader.whole("LEASE_SECONDS", default: 10, in: 3...300)
        common = Common(
            environment: tier,
            databaseURL: !program.hasStores ? "" : reader.required("DATABASE_URL", secret: true),
            redisURL: !program.hasStores ? "" : reader.required("REDIS_URL", secret: true),
            celeryQueue: reader.text("CELERY_DEFAULT_QUEUE", default: "celery"),
            redisKeyPrefix: reader.keyPrefix("REDIS_KEY_PREFIX"),
            redisResultKeyPrefix: reader.keyPrefix("REDIS_RESULT_KEY_PREFIX"),
            workspaceRoot: reader.text("WORKSPACE_ROOT", default: "Workspace"),
            logLevel: reader.oneOf(
                "LOG_LEVEL", ["trace", "debug", "info", "notice", "warning", "error", "critical"], default: "info"),
            logFormat: reader.choice("LOG_FORMAT", default: tier == .development ? LogFormat.text : .json),
            lease: .seconds(lease),
            databaseConnections: reader.whole("DATABASE_CONNECTIONS", default: 8, in: 1...200),
            gitClient: reader.choice("GIT_CLIENT", default: .here),
            storage: program == .trial || program == .bystander ? .file : reader.storage(in: tier))
        gateway = Gateway(
            host: reader.text("HOST", default: "127.0.0.1"),
            port: reader.whole("PORT", default: 8000, in: 0...65535),
            tokenSecret: program == .gateway ? reader.required("JWT_SECRET", secret: true) : "",
            tokenLifetime: .seconds(reader.whole("TOKEN_TTL_SECONDS", default: 43_200, in: 60...604_800)),
            requestsPerSecond: reader.whole("RATE_LIMIT_PER_SECOND", default: 200, in: 0...1_000_000),
            maxActiveJobsPerUser: reader.whole("MAX_ACTIVE_JOBS_PER_USER", default: 10_000, in: 0...1_000_000),
            uploadMaxBytes: reader.whole("UPLOAD_MAX_BYTES", default: 64 << 30, in: 1...(1 << 50)),
            ingestSettle: .milliseconds(reader.whole("INGEST_SETTLE_MS", default: 2000, in: 0...600_000)),
            canvasCacheMaxBytes: reader.whole("CANVAS_CACHE_MAX_BYTES", default: 100 << 30, in: 0...(1 << 50)),
            corsOrigins: reader.list("CORS_ORIGINS"),
            trustedProxies: reader.proxies("TRUSTED_PROXIES"),
            webRoot: reader.text("WEB_ROOT", default: "Web/dist"),
            startingCredits: reader.whole("STARTING_CREDITS", default: 1_000_000, in: 0...1_000_000_000_000),
            adminEmail: reader.text("STUDIO_ADMIN_EMAIL", default: "admin@studio.local"),
            adminPassword: reader.optional("STUDIO_ADMIN_PASSWORD", secret: true),
            tenantAdminPassword: reader.optional("TENANT_ADMIN_PASSWORD", secret: true))
        let heartbeat = reader.whole("HEARTBEAT_SECONDS", default: 3, in: 1...100)
        let queues = reader.list("WORKER_QUEUES")
        worker = Worker(
            name: reader.optional("WORKER_NAME"),
            slots: reader.optionalWhole("WORKER_SLOTS", in: 1...1024),
            queues: queues.isEmpty ? ["studio"] : queues,
            grace: .seconds(reader.whole("WORKER_GRACE_SECONDS", default: 120, in: 0...3600)),
            askPause: .milliseconds(reader.whole("RUNNER_ASK_MS", default: 250, in: 0...60_000)),
            termPause: .milliseconds(reader.whole("RUNNER_TERM_MS", default: 500, in: 0...60_000)),
            heartbeat: .seconds(heartbeat),
            mediaMemoryMegabytes: reader.whole("MEDIA_MEMORY_MB", default: 8192, in: 512...1_048_576),
            modelsRoot: reader.text(
                "MODELS_ROOT", default: "\(common.workspaceRoot)/\(WorkspaceLayout.studioModels)"),
            engine: reader.engine(), registryLogins: reader.optional("DOCKER_CONFIG"),
            workspaceHostRoot: reader.absolutePath("WORKSPACE_HOST_ROOT"),
            containerMemoryMegabytes: reader.whole("CONTAINER_MEMORY_MB", default: 0, in: 0...16_777_216),
            gpus: reader.whole("WORKER_GPUS", default: 0, in: 0...64),
            ecsAgent: reader.address("ECS_AGENT_URI"),
            comfyServers: reader.addresses("COMFYUI_URLS"),
            taskEvents: reader.flag("WORKER_TASK_EVENTS"),
            healthFile: reader.absolutePath("WORKER_HEALTH_FILE"))
        engineGate = reader.engineGate()
        if heartbeat * 3 > lease {
            reader.find("HEARTBEAT_SECONDS", "must be at most a third of LEASE_SECONDS (\(lease))")
        }
        if program == .gateway, !gateway.tokenSecret.isEmpty, gateway.tokenSecret.utf8.count < 32 {
            reader.find("JWT_SECRET", "must have at least 32 bytes")
        }
        let passwords = [
            ("STUDIO_ADMIN_PASSWORD", gateway.adminPassword), ("TENANT_ADMIN_PASSWORD", gateway.tenantAdminPassword),
        ]
        for (name, password) in passwords where tier != .development && (password?.utf8.count ?? 12) < 12 {
            reader.find(name, "must have at least 12 characters outside development")
        }
        effective = reader.effective.sorted { $0.name < $1.name }
    }
}

/// Reads variables one by one, remembers what took effect and gathers what is wrong.
struct ConfigurationReader {
    let environment: [String: String]
    let readFile: (String) throws -> String
    var findings: [Finding] = []
    var effective: [(name: String, value: String)] = []

    init(environment: [String: String], readFile: @escaping (String) throws -> String) {
        self.environment = environment
        self.readFile = readFile
    }

    mutating func find(_ name: String, _ detail: String) {
        findings.append(Finding(pointer: name, code: "configuration", detail: detail))
    }

    /// The variable's text, or that of the file its `…_FILE` twin names; an empty variable counts as absent.
    private mutating func value(_ name: String) -> String? {
        if let text = environment[name], !text.isEmpty { return text }
        guard let file = environment[name + "_FILE"], !file.isEmpty else { return nil }
        do {
            var text = try readFile(file)
            while text.last?.isNewline ?? false { text.removeLast() }
            if text.isEmpty { find(name + "_FILE", "the file it names is empty") }
            return text.isEmpty ? nil : text
        } catch {
            find(name + "_FILE", "the file it names cannot be read")
            return nil
        }
    }

    private mutating func note(_ name: String, _ value: String?, secret: Bool = false) {
        effective.append((name, value.map { secret ? "(secret, \($0.utf8.count) bytes)" : $0 } ?? "(not set)"))
    }

    mutating func optional(_ name: String, secret: Bool = false) -> String? {
        let text = value(name)
        note(name, text, secret: secret)
        return text
    }

    mutating func text(_ name: String, default standard: String) -> String {
        let text = value(name) ?? standard
        note(name, text)
        return text
    }

    mutating func required(_ name: String, secret: Bool) -> String {
        let text = value(name)
        note(name, text, secret: secret)
        if text == nil, (environment[name + "_FILE"] ?? "").isEmpty { find(name, "is required (or \(name)_FILE)") }
        return text ?? ""
    }

    mutating func whole(_ name: String, default standard: Int, in range: ClosedRange<Int>) -> Int {
        guard let text = value(name) else {
            note(name, String(standard))
            return standard
        }
        guard let number = Int(text), range.contains(number) else {
            find(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return standard
        }
        note(name, text)
        return number
    }

    mutating func optionalWhole(_ name: String, in range: ClosedRange<Int>) -> Int? {
        guard [name, name + "_FILE"].contains(where: { !(environment[$0] ?? "").isEmpty }) else {
            note(name, nil)
            return nil
        }
        return whole(name, default: range.lowerBound, in: range)
    }

    mutating func oneOf(_ name: String, _ allowed: [String], default standard: String) -> String {
        let text = value(name) ?? standard
        note(name, text)
        if !allowed.contains(text) { find(name, "must be one of \(allowed.joined(separator: ", "))") }
        return text
    }

    mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, default standard: Choice
    ) -> Choice where Choice.RawValue == String {
        let text = oneOf(name, Choice.allCases.map(\.rawValue), default: standard.rawValue)
        return Choice(rawValue: text) ?? standard
    }

    /// Whether something is switched on; not where it is absent.
    mutating func flag(_ name: String) -> Bool { oneOf(name, ["true", "false"], default: "false") == "true" }

    /// An `http://` address.
    mutating func address(_ name: String) -> URL? {
        guard let text = optional(name) else { return nil }
        guard let url = URL(string: text), url.scheme?.lowercased() == "http", url.host() != nil else {
            find(name, "must be an http:// address")
            return nil
        }
        return url
    }

    /// `http://` and `https://` addresses, shown without what gives access to them.
    mutating func addresses(_ name: String) -> [URL] {
        let texts = (value(name) ?? "").split(separator: ",")
            .map { $0.filter { !$0.isWhitespace } }.filter { !$0.isEmpty }
        var shown: [String] = []
        var addresses: [URL] = []
        for (index, text) in texts.enumerated() {
            guard let url = URL(string: text), let scheme = url.scheme?.lowercased(), let host = url.host(),
                !host.isEmpty, ["http", "https"].contains(scheme), url.query() == nil, url.fragment() == nil
            else {
                find(name, "number \(index + 1) must be an http:// or https:// address")
                continue
            }
            shown.append(
                "\(scheme)://\(url.user() == nil ? "" : "…@")\(host)\(url.port.map { ":\($0)" } ?? "")\(url.path())")
            addresses.append(url)
        }
        if Set(addresses).count != addresses.count { find(name, "names a server twice") }
        note(name, shown.isEmpty ? nil : shown.joined(separator: ","))
        return addresses
    }

    /// Where the container engine is, by Docker's own variables.
    mutating func engine() -> EngineAddress {
        let text = text("DOCKER_HOST", default: EngineAddress.standard)
        let isVerified = optional("DOCKER_TLS_VERIFY") != nil
        let certificates = absolutePath("DOCKER_CERT_PATH")
        if isVerified, certificates == nil, !text.hasPrefix("unix:") {
            find("DOCKER_CERT_PATH", "is required with DOCKER_TLS_VERIFY: the folder of ca.pem, cert.pem and key.pem")
        }
        if let address = EngineAddress(text, certificates: isVerified ? certificates : nil) { return address }
        find("DOCKER_HOST", "must be unix:///path or tcp://host:port")
        return .unixSocket("")
    }

    /// An absolute path; nil where it is left out.
    mutating func absolutePath(_ name: String) -> String? {
        guard let path = optional(name) else { return nil }
        if !path.hasPrefix("/") { find(name, "must be an absolute path") }
        return path
    }

    /// What stands before keys. Celery's programs subscribe by patterns, in which some characters mean others.
    mutating func keyPrefix(_ name: String) -> String {
        let text = text(name, default: "")
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !#"*?[]\"'"#.utf8.contains($0) }
        if !isPlain || text.utf8.count > 128 {
            find(name, "may have 128 ASCII characters, without spaces and none of *?[]\\\"'")
        }
        return text
    }

    mutating func list(_ name: String) -> [String] {
        let text = value(name)
        note(name, text)
        return (text ?? "").split(separator: ",")
            .map { $0.filter { !$0.isWhitespace } }
            .filter { !$0.isEmpty }
    }
}
