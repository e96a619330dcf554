import FoundationEssentials
import QueueProtocol

/// What registries of private images are told: the logins of Docker's own `config.json`, where they stand in it
/// themselves. Programs that keep logins (`credsStore`, `credHelpers`) are not asked.
struct RegistryLogins: Sendable {
    private let path: String?

    /// - Parameter folder: The folder of `config.json`; nil tells nobody anything.
    init(folder: String?) { path = folder.map { "\($0)/config.json" } }

    /// The value of `X-Registry-Auth` for a registry; nil where there is no login for it. Blocks.
    ///
    /// Read each time, since a token in it may be of today only.
    func header(for registry: String) -> String? {
        guard let path, let data = FileManager.default.contents(atPath: path), data.count <= 1 << 20,
            let auths = EngineJSON.value(data)?["auths"]?.objectValue
        else { return nil }
        for (address, login) in auths where Self.host(of: address) == registry {
            return Self.header(login, address: address)
        }
        return nil
    }

    /// An address may be written as a URL with a path; that of the public registry always is.
    private static func host(of address: String) -> String {
        var text = address[...]
        for scheme in ["https://", "http://"] where text.hasPrefix(scheme) { text = text.dropFirst(scheme.count) }
        let host = String(text.prefix { $0 != "/" })
        return host == "index.docker.io" ? ImageReference.publicRegistry : host
    }

    private static func header(_ login: JSONValue, address: String) -> String? {
        var told: [String: JSONValue] = ["serveraddress": .string(address)]
        if let token = login["identitytoken"]?.stringValue, !token.isEmpty {
            told["identitytoken"] = .string(token)
        } else if let encoded = login["auth"]?.stringValue, let decoded = Data(base64Encoded: encoded) {
            let parts = String(decoding: decoded, as: UTF8.self).split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            told["username"] = .string(String(parts[0]))
            told["password"] = .string(String(parts[1]))
        } else {
            return nil
        }
        return EngineJSON.bytes(.object(told)).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_")
    }
}
