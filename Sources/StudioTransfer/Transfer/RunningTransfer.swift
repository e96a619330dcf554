import CCurl
import FoundationEssentials
import Glibc
import StudioSystem

/// One transfer as its thread has it: libcurl's handle and what its callbacks work on. Touched by that thread only.
final class RunningTransfer {
    /// How much is kept of the body of a response without success, where the body was to go elsewhere.
    static let refusalBound = 1 << 20
    /// The most that the headers of a response may have together, in bytes.
    static let headerBound = 256 << 10

    let call: TransferCall
    let easy: UnsafeMutableRawPointer
    let errorText: UnsafeMutablePointer<CChar>
    var headerList: UnsafeMutablePointer<curl_slist>?
    var form: OpaquePointer?
    var upload: UploadFile?
    private var destination: DownloadFile?
    private var response = HTTPResponse(status: 0)
    private var headerBytes = 0
    /// What one of the callbacks ended the transfer for.
    private var failure: TransferError?
    private var lastByte = ContinuousClock.now
    private var isPaused = false

    /// Sets a transfer up; it runs once its handle is added to the thread's.
    ///
    /// - Throws: `TransferError` where a file cannot be opened or libcurl has no handle.
    init(_ call: TransferCall, over endpoint: HTTPEndpoint) throws(TransferError) {
        guard let easy = curl_easy_init() else {
            throw TransferError(.unreachable, "libcurl has no memory for a transfer")
        }
        self.call = call
        self.easy = easy
        errorText = .allocate(capacity: Int(studio_curl_error_size))
        errorText.initialize(repeating: 0, count: Int(studio_curl_error_size))
        do throws(TransferError) {
            if case .file(let path, _) = call.sink { destination = try DownloadFile(path) }
            setUpConnection(endpoint)
            try setUpRequest()
            setUpCallbacks()
        } catch {
            destination?.discard()
            throw error
        }
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(headerList)
        if let form { curl_mime_free(form) }
        errorText.deallocate()
    }

    /// When it counts as stalled; nil where it never does.
    var stallsAt: ContinuousClock.Instant? {
        guard !isPaused, let patience = call.request.stallTimeout else { return nil }
        return lastByte.advanced(by: patience)
    }

    func isStalled(at now: ContinuousClock.Instant) -> Bool { stallsAt.map { $0 <= now } ?? false }

    /// The caller has room again.
    func goOn() {
        isPaused = false
        lastByte = .now
        curl_easy_pause(easy, studio_curl_pause_nothing)
    }

    /// Ends it without a response. Its handle belongs to no other any more.
    func fail(_ error: TransferError) {
        destination?.discard()
        call.finish(.failure(error))
    }

    /// Ends it as libcurl says.
    func finish(_ result: CURLcode) {
        if let failure { return fail(failure) }
        guard result == CURLE_OK else {
            return fail(TransferError(result, String(cString: errorText)))
        }
        if let destination {
            guard response.isSuccess else {
                destination.discard()
                return call.finish(.success(response))
            }
            do throws(TransferError) { try destination.close() } catch { return fail(error) }
            response.content = destination.content
        }
        call.finish(.success(response))
    }

    private func setUpCallbacks() {
        let this = Unmanaged.passUnretained(self).toOpaque()
        studio_curl_set_writer(
            easy,
            { bytes, size, count, context in
                guard let bytes, let context else { return 0 }
                let transfer = Unmanaged<RunningTransfer>.fromOpaque(context).takeUnretainedValue()
                return transfer.take(UnsafeRawBufferPointer(start: bytes, count: size * count))
            }, this)
        studio_curl_set_header_writer(
            easy,
            { bytes, size, count, context in
                guard let bytes, let context else { return 0 }
                let transfer = Unmanaged<RunningTransfer>.fromOpaque(context).takeUnretainedValue()
                return transfer.takeHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
            }, this)
        guard upload != nil else { return }
        studio_curl_set_reader(
            easy,
            { bytes, size, count, context in
                guard let bytes, let context else { return studio_curl_abort_reading }
                let transfer = Unmanaged<RunningTransfer>.fromOpaque(context).takeUnretainedValue()
                return transfer.give(UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
            }, this)
    }

    private func takeHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        lastByte = .now
        headerBytes += bytes.count
        guard headerBytes <= Self.headerBound else {
            failure = TransferError(.tooLarge, "the response's headers have more than \(Self.headerBound >> 10) KiB")
            return 0
        }
        let line = String(decoding: bytes, as: UTF8.self)
        // A redirection, or an answer before the answer, has a head of its own.
        if line.hasPrefix("HTTP/") {
            let status = line.split(separator: " ", maxSplits: 2).dropFirst().first
                .flatMap { Int($0.filter { !$0.isWhitespace }) }
            response = HTTPResponse(status: status ?? 0)
        } else if !line.contains(where: { !$0.isNewline }) {
            if case .stream(let begun?) = call.sink, response.status >= 200 { begun(response) }
        } else {
            response.headers.append(line: line)
        }
        return bytes.count
    }

    private func take(_ bytes: UnsafeRawBufferPointer) -> Int {
        lastByte = .now
        switch call.sink {
        case .memory(let limit):
            guard response.body.count + bytes.count <= limit else {
                failure = TransferError(.tooLarge, "the response has more than \(limit) bytes")
                return 0
            }
            response.body.append(contentsOf: bytes)
        case .stream where response.isSuccess:
            guard call.offer(bytes) else {
                isPaused = true
                return studio_curl_pause_writing
            }
        case .file(_, let limit) where response.isSuccess:
            do throws(TransferError) {
                try destination?.write(bytes, limit: limit)
            } catch {
                failure = error
                return 0
            }
        case .stream, .file:
            response.body.append(contentsOf: bytes.prefix(max(0, Self.refusalBound - response.body.count)))
        }
        return bytes.count
    }

    private func give(_ room: UnsafeMutableRawBufferPointer) -> Int {
        lastByte = .now
        do throws(TransferError) {
            return try upload?.read(room) ?? 0
        } catch {
            failure = error
            return studio_curl_abort_reading
        }
    }
}
