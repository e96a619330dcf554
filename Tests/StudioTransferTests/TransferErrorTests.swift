import StudioTransfer
import Testing

@Suite("What went wrong with a transfer")
struct TransferErrorTests {
    @Test("It says its code first")
    func description() {
        #expect("\(TransferError(.timedOut, "after 30 s"))" == "timedOut: after 30 s")
    }
}
