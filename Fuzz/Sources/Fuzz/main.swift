import CFuzzer
import Foundation

// Fuzz TARGET [libFuzzer's words]: throws bytes at a parser until one ends the process.
// Fuzz seeds FOLDER: writes documents to begin with, a folder for each target.
// Fuzz list: the targets' names.

let words = CommandLine.arguments
switch words.dropFirst().first {
case "list": print(FuzzTarget.allCases.map(\.rawValue).joined(separator: "\n"))
case "seeds" where words.count == 3:
    do { try Seeds.write(to: words[2]) } catch {
        print("No seeds: \(error)")
        exit(1)
    }
case let name?:
    guard let target = FuzzTarget(rawValue: name) else {
        print("There is no target \(name); there are \(FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")).")
        exit(2)
    }
    FuzzTarget.chosen = target
    // libFuzzer sees the words without the target's name.
    var count = CommandLine.argc - 1
    var rest: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv + 1
    exit(
        LLVMFuzzerRunDriver(&count, &rest) { bytes, count in
            FuzzTarget.chosen.take([UInt8](UnsafeBufferPointer(start: bytes, count: count)))
            return 0
        })
case nil:
    print("Fuzz TARGET [words of libFuzzer] | seeds FOLDER | list")
    exit(2)
}
