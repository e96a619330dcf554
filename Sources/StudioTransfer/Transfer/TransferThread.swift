import CCurl
import Glibc
import Synchronization

/// The thread that all transfers of a client run on, and the way to it.
final class TransferThread: Sendable {
    /// What the thread is asked to do.
    enum Order: Sendable {
        case begin(TransferCall)
        /// The caller wants no more of it.
        case drop(ObjectIdentifier)
        /// The caller has room again.
        case goOn(ObjectIdentifier)
    }

    private struct State {
        var orders: [Order] = []
        var isEnding = false
        /// Whether the thread runs, so that there is a handle to wake it by.
        var isRunning = false
    }

    // SAFETY: the multi handle is used by the thread alone, but for `curl_multi_wakeup`, which any thread may call, and
    // which is called only under the lock while `isRunning`, that is before the thread frees the handle.
    private nonisolated(unsafe) let multi: UnsafeMutableRawPointer?
    private let endpoint: HTTPEndpoint
    private let state = Mutex(State())

    /// libcurl's own start, once for the process, before any handle is made.
    private static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    init(_ endpoint: HTTPEndpoint) {
        self.endpoint = endpoint
        multi = Self.isReady ? curl_multi_init() : nil
        guard multi != nil else { return }
        state.withLock { $0.isRunning = start() }
    }

    /// Gives the thread an order.
    func post(_ order: Order) {
        let isRunning = state.withLock { state in
            guard state.isRunning else { return false }
            state.orders.append(order)
            curl_multi_wakeup(multi)
            return true
        }
        if !isRunning, case .begin(let call) = order {
            call.finish(.failure(TransferError(.unreachable, "the system has no thread or memory for a transfer")))
        }
    }

    /// Ends the thread once its client is gone, and with it every call.
    func end() {
        state.withLock { state in
            state.isEnding = true
            if state.isRunning { curl_multi_wakeup(multi) }
        }
    }

    private func start() -> Bool {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let work = Unmanaged.passRetained(self)
        let status = pthread_create(
            &thread, &attributes,
            { argument in
                if let argument { Unmanaged<TransferThread>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, work.toOpaque())
        if status != 0 { work.release() }
        return status == 0
    }

    private func run() {
        guard let multi else { return }
        var running: [UnsafeMutableRawPointer: RunningTransfer] = [:]
        while let orders = nextOrders() {
            for order in orders { obey(order, multi, &running) }
            var active: Int32 = 0
            curl_multi_perform(multi, &active)
            var left: Int32 = 0
            while let message = curl_multi_info_read(multi, &left) {
                guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
                let result = studio_curl_result(message)
                guard let transfer = running.removeValue(forKey: easy) else { continue }
                curl_multi_remove_handle(multi, easy)
                transfer.finish(result)
            }
            let now = ContinuousClock.now
            for (easy, transfer) in running where transfer.isStalled(at: now) {
                running[easy] = nil
                curl_multi_remove_handle(multi, easy)
                transfer.fail(TransferError(.timedOut, "no byte came or went for too long"))
            }
            let due = running.values.compactMap(\.stallsAt).min()
            curl_multi_poll(multi, nil, 0, Self.milliseconds(until: due, from: now), nil)
        }
        for (easy, transfer) in running {
            curl_multi_remove_handle(multi, easy)
            transfer.fail(TransferError(.cancelled, "the client is gone"))
        }
        curl_multi_cleanup(multi)
    }

    /// What to do next; nil once the client is gone.
    private func nextOrders() -> [Order]? {
        state.withLock { state in
            guard !state.isEnding else {
                state.isRunning = false
                return nil
            }
            defer { state.orders = [] }
            return state.orders
        }
    }

    private func obey(
        _ order: Order, _ multi: UnsafeMutableRawPointer,
        _ running: inout [UnsafeMutableRawPointer: RunningTransfer]
    ) {
        switch order {
        case .begin(let call):
            do throws(TransferError) {
                let transfer = try RunningTransfer(call, over: endpoint)
                guard curl_multi_add_handle(multi, transfer.easy) == CURLM_OK else {
                    return transfer.fail(TransferError(.unreachable, "libcurl takes no more transfers"))
                }
                running[transfer.easy] = transfer
            } catch {
                call.finish(.failure(error))
            }
        case .drop(let id):
            guard let (easy, transfer) = running.first(where: { $0.value.call.id == id }) else { return }
            running[easy] = nil
            curl_multi_remove_handle(multi, easy)
            transfer.fail(TransferError(.cancelled, "the caller was cancelled"))
        case .goOn(let id):
            running.values.first { $0.call.id == id }?.goOn()
        }
    }

    /// A wait for libcurl, rounded up, at most a minute.
    private static func milliseconds(
        until due: ContinuousClock.Instant?, from now: ContinuousClock.Instant
    ) -> Int32 {
        guard let due else { return 60_000 }
        let (seconds, attoseconds) = now.duration(to: due).components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return Int32(min(seconds, 59) * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
    }
}
