import QueueProtocol
import StudioMedia

extension MediaJobRequest {
    /// A film in several sizes for browsers, with the playlists that find them. Tells which sizes were made.
    ///
    /// A job's files are read at addresses that end in their ports' names, so that is what the playlists call them.
    func hls(_ report: @escaping MediaProgressReport) throws -> JSONValue {
        func rendition(_ port: String) throws -> Ladder.Rendition {
            let list = port + "-playlist"
            return Ladder.Rendition(
                media: try companion(port), playlist: try companion(list), mediaAddress: port, playlistAddress: list)
        }
        let ladder = Ladder(
            input: try source(), maxSide: try whole("height") ?? 1080,
            segmentSeconds: parameters["segmentSeconds"]?.doubleValue ?? 4, quality: quality)
        return try self.report(
            ladder.render(
                to: output, videos: (1...Ladder.mostSizes).map { try rendition("video\($0)") },
                sound: try rendition("sound"), progress: report))
    }
}
