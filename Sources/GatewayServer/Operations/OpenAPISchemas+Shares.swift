extension OpenAPISchemas {
    private static let weight = ("weight", OpenAPISchema.whole(1...1000, "Beside others: 2 gets twice what 1 gets."))

    /// Shares and limits.
    static let shares: [(String, OpenAPISchema)] = [
        (
            "TenantShare",
            .object(
                [
                    ("id", .id()), ("name", .text()), weight,
                    ("maxRunning", .count("How many of its jobs run at a time; missing is no limit.")),
                ], optional: ["maxRunning"])
        ),
        (
            "TenantShareChange",
            .object(
                [weight, ("maxRunning", .nullable(.whole(0...1_000_000, "Null is no limit.")))],
                optional: ["weight", "maxRunning"], isClosed: true)
        ),
        ("Weight", .object([weight], isClosed: true)),
        ("FunctionLimit", .object([("function", .text()), ("maxRunning", .count())])),
        ("FunctionLimitChange", .object([("maxRunning", .whole(0...1_000_000))], isClosed: true)),
    ]
}
