import StudioPostgres
import StudioTestKit

@testable import GatewayServer

extension RunningStudio {
    /// A take of the project `film` whose probe says that it has 48 frames at 24 a second.
    func probedTake() async throws -> TakeRecord {
        let take = try await take("film", in: project())
        let probe = """
            {"container": "mov,mp4", "streams": [{"index": 0, "kind": "video", "codec": "h264", "isCover": false,
             "frameRate": "24/1", "frameRateNumerator": 24, "frameRateDenominator": 1, "frameCount": 48}]}
            """
        _ = try await PrivatePostgres.shared().sql(
            "UPDATE takes SET probe = '\(probe)' WHERE id = '\(take.id)'", in: ground.postgres)
        return take
    }
}
