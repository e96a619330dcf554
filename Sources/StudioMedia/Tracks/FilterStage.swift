import CMedia

/// A filter chain for frames whose shape may change on the way: another shape gets a chain of its own, after everything
/// has come out of the one before.
final class FilterStage<Shape: Equatable> {
    /// Gets a frame and the unit of its timestamp; the frame is lent for as long as it runs.
    typealias Output = (_ frame: Frame, _ timeBase: AVRational) throws -> Void

    private let output: Frame
    private var graph: FilterGraph?
    private var shape: Shape?

    init() throws {
        output = try Frame()
    }

    /// Sends a frame through; it stays the caller's.
    /// - Parameters:
    ///   - frame: The frame.
    ///   - shape: What its chain is made for.
    ///   - make: Makes the chain, where there is none for the shape.
    ///   - each: Gets every frame that comes out.
    /// - Throws: `MediaError` where a frame cannot be converted; what `make` or `each` threw.
    func push(_ frame: Frame, shaped shape: Shape, make: () throws -> FilterGraph, each: Output) throws {
        if graph == nil || shape != self.shape {
            // What was shown last is shown until this one.
            if frame.pointer.pointee.nb_samples == 0 { hold(until: frame.pointer.pointee.pts) }
            try finish(each: each)
            graph = try make()
            self.shape = shape
        }
        try graph?.push(frame)
        try drain(each)
    }

    /// Lets the last picture be shown until a moment, in the unit of what goes in.
    func hold(until time: Int64) { graph?.hold(until: time) }

    /// Brings out what is still inside.
    func finish(each: Output) throws {
        try graph?.push(nil)
        try drain(each)
        graph = nil
    }

    private func drain(_ each: Output) throws {
        guard let graph else { return }
        while try graph.pull(into: output) { try each(output, graph.timeBase) }
    }
}
