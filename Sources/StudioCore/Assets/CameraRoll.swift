/// Tells the pictures of a camera's roll from those of a sequence, whose names may look the same.
///
/// What is photographed one by one has times without order; what is photographed to be a film, at intervals or in one burst,
/// was taken evenly: the same time for every number. Pictures that no camera wrote have no times, and their names alone say
/// that they are a sequence.
public enum CameraRoll {
    /// How far a step may be off, in seconds, whatever the interval: Exif counts whole seconds, and so twice half of one.
    private static let slack = 1.5
    /// How far a step may be off for its length, beside that.
    private static let share = 0.25

    /// Whether some pictures are a camera's roll: most of them say when they were taken, and more than one step in ten between
    /// them is not as long as the numbers would have it.
    ///
    /// - Parameter pictures: Their numbers, which rise, with the times of those that have one.
    /// - Returns: Whether each is a picture by itself.
    public static func isOne(_ pictures: [(number: Int, time: CaptureTime?)]) -> Bool {
        let timed = pictures.compactMap { picture in picture.time.map { (Double(picture.number), $0.seconds) } }
        guard timed.count * 2 > pictures.count, let first = timed.first, let last = timed.last, last.0 > first.0 else {
            return false
        }
        let interval = (last.1 - first.1) / (last.0 - first.0)
        let uneven = zip(timed, timed.dropFirst()).count { before, after in
            let meant = interval * (after.0 - before.0)
            return abs(after.1 - before.1 - meant) > slack + share * abs(meant)
        }
        return uneven * 10 > timed.count - 1
    }
}
