import FoundationEssentials
import StudioSystem

/// Files that are sent in parts.
extension S3ObjectStorage {
    /// As many parts a file may have.
    static let mostParts: Int64 = 10_000

    /// One part of a file.
    struct Part: Sendable, Hashable {
        var number: Int
        var start: Int64
        var count: Int64
    }

    /// How a file is cut: into equal parts of at least a size, the last one apart, and not more than there may be.
    static func parts(of size: Int64, atLeast least: Int64) -> [Part] {
        let step = max(least, (size + mostParts - 1) / mostParts)
        return stride(from: 0, to: size, by: Int64.Stride(step)).enumerated().map { index, start in
            Part(number: index + 1, start: start, count: min(step, size - start))
        }
    }

    func putInParts(_ content: FileHash, from file: String, key: String) async throws(StorageError) {
        let begun = try await client.send(S3Request(method: "POST", key: key, query: [("uploads", "")]))
        guard let upload = S3Document(begun.text)["UploadId"], !upload.isEmpty else {
            throw StorageError(.refused, "the storage began no upload in parts")
        }
        do throws(StorageError) {
            let tags = try await send(
                Self.parts(of: content.size, atLeast: partSize), of: file, key: key, upload: upload)
            do throws(StorageError) {
                try await complete(tags, key: key, upload: upload)
            } catch {
                // The storage may have put the parts together and its answer have been lost: it knows no such upload then
                // when it is asked again, and what counts is whether the object is there.
                guard error.code == .notFound || error.code == .unavailable,
                    try await size(of: key) == content.size
                else { throw error }
                return
            }
        } catch {
            // In a task of its own: a cancelled upload is to leave nothing behind either.
            let client = client
            await Task {
                _ = try? await client.send(
                    S3Request(method: "DELETE", key: key, query: [("uploadId", upload)]))
            }.value
            throw error
        }
        // The parts were checked one by one, the whole is held against its size.
        guard try await size(of: key) == content.size else {
            throw StorageError(.corrupt, "what arrived at the storage is not what was sent", detail: key)
        }
    }

    /// - Returns: The object's size; nil where there is none.
    private func size(of key: String) async throws(StorageError) -> Int64? {
        do {
            return try await client.send(S3Request(method: "HEAD", key: key)).headers["content-length"].flatMap {
                Int64($0)
            }
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    /// - Returns: The tags of the parts, by their numbers.
    private func send(
        _ parts: [Part], of file: String, key: String, upload: String
    ) async throws(StorageError) -> [Int: String] {
        do {
            return try await withThrowingTaskGroup(of: (Int, String).self) { group in
                var (tags, rest): ([Int: String], ArraySlice<Part>) = ([:], parts[...])
                for part in rest.prefix(Self.partsAtOnce) {
                    group.addTask { try await self.send(part, of: file, key: key, upload: upload) }
                }
                rest = rest.dropFirst(Self.partsAtOnce)
                while let (number, tag) = try await group.next() {
                    tags[number] = tag
                    guard let part = rest.popFirst() else { continue }
                    group.addTask { try await self.send(part, of: file, key: key, upload: upload) }
                }
                return tags
            }
        } catch let error as StorageError {
            throw error
        } catch {
            throw StorageError(.cancelled, "the caller was cancelled")
        }
    }

    private func send(_ part: Part, of file: String, key: String, upload: String) async throws -> (Int, String) {
        let digest = try await FileThreads.storing {
            try FileHash(file: file, from: part.start, count: part.count).digest
        }
        let answer = try await client.send(
            S3Request(
                method: "PUT", key: key,
                query: [("partNumber", String(part.number)), ("uploadId", upload)],
                body: .filePart(file, from: part.start, count: part.count), payload: digest.hex, isLarge: true))
        guard let tag = answer.headers["etag"] else {
            throw StorageError(.refused, "the storage gave a part no tag", detail: key)
        }
        return (part.number, tag)
    }

    private func complete(_ tags: [Int: String], key: String, upload: String) async throws(StorageError) {
        let parts = tags.sorted { $0.key < $1.key }.map {
            "<Part><PartNumber>\($0.key)</PartNumber><ETag>\($0.value.replacing("\"", with: "&quot;"))</ETag></Part>"
        }
        let body = Data("<CompleteMultipartUpload>\(parts.joined())</CompleteMultipartUpload>".utf8)
        _ = try await client.send(
            S3Request(
                method: "POST", key: key, query: [("uploadId", upload)], headers: [("content-type", "application/xml")],
                body: .bytes(body), payload: SHA256.hex(of: body), isLarge: true))
    }
}
