import StudioMedia

extension MediaJobRequest {
    /// A video or sound in another form.
    func transcode(_ report: @escaping MediaProgressReport) throws {
        try Transcode(
            input: source(), quality: quality, width: whole("width"), height: whole("height"),
            rateFactor: whole("rateFactor")
        ).render(to: output, progress: report)
    }
}
