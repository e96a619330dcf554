import ArgumentParser
import FoundationEssentials
import Glibc
import QueueProtocol
import StudioCore
import StudioSystem

/// `function check` and `function try`: for authors of functions; no database is needed.
struct FunctionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "function", abstract: "Check and try functions before people can ask for them.",
        subcommands: [Check.self, Try.self])

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Name everything that is wrong with functions; exit 1 where there is something.")

        @Argument(help: "Folders of functions, each with its function.json.")
        var folders: [String]

        func run() throws {
            var isGood = true
            for folder in folders {
                do throws(StudioError) {
                    let function = try CatalogueFolder.manifest(inFolder: GatewayParts.absolute(folder))
                    print(FunctionSummary(function).text)
                } catch {
                    isGood = false
                    ProcessEnvironment.refuse("\(folder) is not a good function:", error)
                }
            }
            if !isGood { throw ExitCode.failure }
        }
    }

    struct Try: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run a function once on this machine, with a progress bar: the command of RenderWorker.",
            discussion: "Takes the arguments of `RenderWorker function try`; see its --help.")

        @Argument(parsing: .captureForPassthrough, help: "The function's name or folder, and options.")
        var arguments: [String] = []

        func run() throws {
            let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let worker =
                own.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
                + "/RenderWorker"
            let words = [worker, "function", "try"] + arguments
            var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
            pointers.append(nil)
            execv(worker, &pointers)
            StandardError.write("\(worker) cannot be started: functions are run by the worker's program.")
            throw ExitCode.failure
        }
    }
}

/// A good function in a few lines, for its author to hold against what was meant.
struct FunctionSummary {
    let function: FunctionManifest

    init(_ function: FunctionManifest) { self.function = function }

    var text: String {
        var lines = ["\(function.name) \(function.version) is good: \(function.title)"]
        let defaults = function.parameters.defaults
        let names = (function.parameters.document["properties"]?.objectValue ?? [:]).keys.sorted()
        lines.append(
            "  parameters: " + Self.list(names.map { defaults[$0] == nil ? $0 : "\($0)=\(Self.short(defaults[$0]))" }))
        lines.append("  inputs:     " + Self.list(function.inputs.map(Self.port)))
        lines.append("  outputs:    " + Self.list(function.outputs.map(Self.port)))
        lines.append("  price:      \(function.price(of: defaults)) credits with these parameters")
        lines.append(
            "  runner:     \(function.runner.kind), queue \(function.queue), \(function.timeoutSeconds) s at most")
        return lines.joined(separator: "\n")
    }

    private static func port(_ port: FunctionManifest.Port) -> String {
        let type = port.kind.rawValue + (port.isList ? " list" : "")
        return
            "\(port.name) (\(type)\(port.isRequired ? "" : ", may be left out")\(port.isPrimary ? ", the take" : ""))"
    }

    private static func list(_ items: [String]) -> String { items.isEmpty ? "none" : items.joined(separator: ", ") }

    private static func short(_ value: JSONValue?) -> String {
        String(((try? JSONText.string(value ?? .null)) ?? "").prefix(40))
    }
}
