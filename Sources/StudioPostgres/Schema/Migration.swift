/// One numbered step of the schema.
package struct Migration: Sendable, Hashable {
    /// From 1, without a gap.
    package var version: Int
    package var name: String
    package var sql: String

    package init(version: Int, name: String, sql: String) {
        self.version = version
        self.name = name
        self.sql = sql
    }

    /// The steps this program was built with, in order. A step that was released is never edited: add the next.
    package static let embedded: [Migration] = [
        Migration(version: 1, name: "studio", sql: String(decoding: PackageResources.m0001_studio_sql, as: UTF8.self)),
        Migration(
            version: 2, name: "active_jobs",
            sql: String(decoding: PackageResources.m0002_active_jobs_sql, as: UTF8.self)),
        Migration(
            version: 3, name: "group_commit",
            sql: String(decoding: PackageResources.m0003_group_commit_sql, as: UTF8.self)),
        Migration(
            version: 4, name: "revisions", sql: String(decoding: PackageResources.m0004_revisions_sql, as: UTF8.self)),
        Migration(
            version: 5, name: "manifest_due",
            sql: String(decoding: PackageResources.m0005_manifest_due_sql, as: UTF8.self)),
        Migration(
            version: 6, name: "attempts",
            sql: String(decoding: PackageResources.m0006_attempts_sql, as: UTF8.self)),
        Migration(
            version: 7, name: "runway",
            sql: String(decoding: PackageResources.m0007_runway_sql, as: UTF8.self)),
        Migration(
            version: 8, name: "event_order",
            sql: String(decoding: PackageResources.m0008_event_order_sql, as: UTF8.self)),
        Migration(
            version: 9, name: "schedules",
            sql: String(decoding: PackageResources.m0009_schedules_sql, as: UTF8.self)),
        Migration(
            version: 10, name: "celery", sql: String(decoding: PackageResources.m0010_celery_sql, as: UTF8.self)),
        Migration(
            version: 11, name: "previews", sql: String(decoding: PackageResources.m0011_previews_sql, as: UTF8.self)),
        Migration(
            version: 12, name: "destinations",
            sql: String(decoding: PackageResources.m0012_destinations_sql, as: UTF8.self)),
        Migration(
            version: 13, name: "assets", sql: String(decoding: PackageResources.m0013_assets_sql, as: UTF8.self)),
        Migration(
            version: 14, name: "canvas_runs",
            sql: String(decoding: PackageResources.m0014_canvas_runs_sql, as: UTF8.self)),
        Migration(
            version: 15, name: "parts", sql: String(decoding: PackageResources.m0015_parts_sql, as: UTF8.self)),
        Migration(
            version: 16, name: "operations",
            sql: String(decoding: PackageResources.m0016_operations_sql, as: UTF8.self)),
        Migration(
            version: 17, name: "canvas_counts",
            sql: String(decoding: PackageResources.m0017_canvas_counts_sql, as: UTF8.self)),
        Migration(
            version: 18, name: "one_piece", sql: String(decoding: PackageResources.m0018_one_piece_sql, as: UTF8.self)),
        Migration(
            version: 19, name: "results_before",
            sql: String(decoding: PackageResources.m0019_results_before_sql, as: UTF8.self)),
        Migration(
            version: 20, name: "statistics",
            sql: String(decoding: PackageResources.m0020_statistics_sql, as: UTF8.self)),
    ]
}

/// The database's schema and this program do not fit together; nothing was changed.
public struct MigrationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// In which way.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// A version is missing between others, in the program or in the database.
        case gap
        /// The database is newer than the program.
        case unknownVersion = "unknown-version"
        /// A step was edited after it had been applied.
        case checksumChanged = "checksum-changed"
    }

    /// In which way.
    public var code: Code
    /// Which version, and what to do about it.
    public var message: String

    /// The code and the message.
    public var description: String { "migrations: \(code.rawValue): \(message)" }
}
