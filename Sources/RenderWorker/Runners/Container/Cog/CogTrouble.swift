import StudioTransfer

/// What went wrong between a worker and a Cog server, and not in the model.
struct CogTrouble: Error, Sendable, Hashable {
    /// What kind of trouble.
    enum Kind: Sendable, Hashable {
        /// It works on another prediction.
        case busy
        /// It has not loaded its model.
        case notReady
        /// The connection was lost, and the prediction with it.
        case lost
        /// It answered with an error.
        case failed
    }

    /// What kind of trouble.
    var kind: Kind
    /// What happened, for people.
    var message: String

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    static let garbled = CogTrouble(.failed, "The model's server answered with what is no prediction.")

    /// - Throws: `CancellationError` where the request was cancelled.
    static func lost(_ error: TransferError) throws -> CogTrouble {
        if error.code == .cancelled { throw CancellationError() }
        return CogTrouble(.lost, "The connection to the model's server was lost (\(error.code.rawValue)).")
    }
}
