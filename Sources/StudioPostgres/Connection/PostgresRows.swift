import CPostgres
import QueueProtocol

/// The rows of one answer. They live on the thread of their connection: take values out of them there.
public final class PostgresRows: RandomAccessCollection {
    private let result: OpaquePointer
    private let columns: [String: Int32]

    /// Takes ownership of a libpq result.
    init(owning result: OpaquePointer) {
        self.result = result
        var columns: [String: Int32] = [:]
        for column in 0..<PQnfields(result) {
            if let name = PQfname(result, column) { columns[String(cString: name)] = column }
        }
        self.columns = columns
    }

    deinit { PQclear(result) }

    /// 0.
    public var startIndex: Int { 0 }
    /// The number of rows.
    public var endIndex: Int { Int(PQntuples(result)) }

    /// A row.
    ///
    /// - Parameter index: Its place, from 0.
    public subscript(index: Int) -> PostgresRow {
        precondition(indices.contains(index), "row \(index) of \(count)")
        return PostgresRow(rows: self, index: Int32(index))
    }

    /// How many rows the statement wrote, for statements that return none.
    var affected: Int { PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0 }

    fileprivate func text(row: Int32, column name: String) throws(PostgresError) -> String? {
        guard let column = columns[name] else {
            throw PostgresError(.decoding, operatorDetail: "the answer has no column \(name)")
        }
        guard PQgetisnull(result, row, column) == 0, let value = PQgetvalue(result, row, column) else { return nil }
        let length = Int(PQgetlength(result, row, column))
        return value.withMemoryRebound(to: UInt8.self, capacity: length) { bytes in
            String(decoding: UnsafeBufferPointer(start: bytes, count: length), as: UTF8.self)
        }
    }
}

/// One row of an answer.
public struct PostgresRow {
    let rows: PostgresRows
    let index: Int32

    /// The value of a column; ask for an optional where the column may be NULL.
    ///
    /// - Parameters:
    ///   - column: The column's name.
    ///   - type: What to read it as; default what the place of the call expects.
    /// - Returns: The value.
    /// - Throws: `PostgresError` with code `decoding` where there is no such column, it is NULL, or no such value.
    public func decode<Value: PostgresDecodable>(
        _ column: String, as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        guard let value = Value.decode(postgresText: try rows.text(row: index, column: column)) else {
            throw PostgresError(.decoding, operatorDetail: "column \(column) holds no \(Value.self)")
        }
        return value
    }

    /// The word in a column, as a case of a closed list.
    ///
    /// - Parameters:
    ///   - column: The column's name.
    ///   - type: Which list; default what the place of the call expects.
    /// - Returns: The case.
    /// - Throws: `PostgresError` with code `decoding` where it is none of them.
    public func word<Value: RawRepresentable<String>>(
        _ column: String, as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        guard let value = Value(rawValue: try decode(column)) else {
            throw PostgresError(.decoding, operatorDetail: "column \(column) holds no \(Value.self)")
        }
        return value
    }

    /// The object of texts in a `json` or `jsonb` column; empty where the column is NULL.
    ///
    /// - Parameter column: The column's name.
    /// - Returns: The members.
    /// - Throws: `PostgresError` with code `decoding` where it is no such document.
    func texts(_ column: String) throws(PostgresError) -> [String: String] {
        // By far the most frequent document.
        guard try rows.text(row: index, column: column) != "{}" else { return [:] }
        return try document(column) ?? [:]
    }

    /// The document in a `json` or `jsonb` column, as a type of our own; nil where the column is NULL.
    ///
    /// - Parameters:
    ///   - column: The column's name.
    ///   - type: What to read it as.
    /// - Returns: The value.
    /// - Throws: `PostgresError` with code `decoding` where it is no such document.
    public func document<Value: Decodable>(
        _ column: String, as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value? {
        guard let text = try rows.text(row: index, column: column) else { return nil }
        do {
            return try JSONText.decode(type, from: text)
        } catch {
            throw PostgresError(.decoding, operatorDetail: "column \(column) holds no \(Value.self)")
        }
    }
}
