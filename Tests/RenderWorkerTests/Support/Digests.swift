import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioSystem

@testable import RenderWorker

/// The SHA-256 of some bytes, as hexadecimal digits.
func sha256(_ data: Data) -> String { SHA256.hex(of: Array(data)) }

enum RelativePathForTests {
    /// The scratch folder of a run, below its project.
    static func scratch(_ context: RunContext) throws -> RelativePath {
        try RelativePath("\(WorkspaceLayout.jobScratch)/\(context.key.job)/\(context.key.attempt)")
    }
}

extension String {
    /// Without white space at its ends.
    var trimmed: String {
        String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}
