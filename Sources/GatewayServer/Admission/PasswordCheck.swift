import StudioCore
import StudioSystem

/// Hashes and checks passwords on threads of its own: scrypt takes about 0.1 s and 32 MiB each time, so few run at once
/// and few may wait.
final class PasswordCheck: Sendable {
    private let threads: BoundedThreads

    /// A checker, ready at once; its threads end with it.
    ///
    /// - Parameters:
    ///   - threads: How many passwords are hashed at a time; default 2, so at most 64 MiB.
    ///   - queueLimit: How many may wait for a thread; default 32, about two seconds' worth. The next gets `unavailable`.
    init(threads: Int = 2, queueLimit: Int = 32) {
        self.threads = BoundedThreads(
            threads: threads, queueLimit: queueLimit,
            refusal: StudioError(.unavailable, "too many people log in at this moment", retryAfterSeconds: 1))
    }

    /// Whether a password belongs to a kept hash. Without a hash, or with one that cannot be read, the same work is done
    /// and the answer is no: how long it took tells nothing about who has an account.
    func matches(_ password: String, hash text: String?) async throws -> Bool {
        try await work {
            guard let text, let hash = PasswordHash(text: text) else { return try PasswordHash.matchesNobody(password) }
            return try hash.matches(password)
        }
    }

    /// A new password as it is kept.
    func hash(_ password: String) async throws -> String {
        try await work { try PasswordHash(hashing: password).text }
    }

    private func work<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        do {
            return try await threads.run(body)
        } catch is PasswordHashError {
            throw StudioError(.unavailable, "there is no memory to check a password now", retryAfterSeconds: 1)
        }
    }
}
