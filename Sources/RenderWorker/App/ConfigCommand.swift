import ArgumentParser
import StudioCore

/// `config show` and `config check`.
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Print or check the effective configuration.",
        subcommands: [Show.self, Check.self], defaultSubcommand: Show.self)

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print every setting as it takes effect; secrets are redacted.")

        func run() async throws {
            for setting in try ProcessEnvironment.configuration().effective {
                print("\(setting.name)=\(setting.value)")
            }
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Name every rule the configuration breaks; exit 1 where there is one.")

        func run() async throws {
            let configuration = try ProcessEnvironment.configuration()
            print("The configuration is good for \(configuration.common.environment.rawValue).")
        }
    }
}
