public import StudioPostgres

extension PostgresConfiguration {
    /// The configuration of a test that is not about a server that is away: on a busy machine a connection may take long.
    ///
    /// - Parameters:
    ///   - uri: The database.
    ///   - connections: How many connections to keep.
    /// - Returns: A configuration that waits 20 s where programs wait 2.
    public static func patient(_ uri: String, connections: Int) -> PostgresConfiguration {
        var configuration = PostgresConfiguration(uri, connections: connections)
        configuration.unavailableAfter = .seconds(20)
        return configuration
    }
}
