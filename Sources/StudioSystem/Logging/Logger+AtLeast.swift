public import Logging

extension Logger {
    /// The same logger without what is less severe: for libraries the details of which nobody reads here.
    ///
    /// - Parameter level: The least severe level that is still written; a stricter level of the logger's own stays.
    /// - Returns: The quieter logger.
    public func atLeast(_ level: Logger.Level) -> Logger {
        var logger = self
        logger.logLevel = max(logLevel, level)
        return logger
    }
}
