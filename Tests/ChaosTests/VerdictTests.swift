import QueueProtocol
import Testing

/// The verdict itself: every promise that is broken is seen, and one that is kept is not.
@Suite("Verdict")
struct VerdictTests {
    private static let project = ChaosProject(tenant: 0, name: "film", folder: "", token: "")

    /// A book with an accepted errand (job `j`), a refused one, and a batch of two whose answer was lost.
    private static func book() -> PromiseBook {
        let book = PromiseBook(Journal(echo: false))
        func open(_ tokens: [String], isBatch: Bool = false) -> Int {
            book.open(
                Promise(
                    member: 0, project: project,
                    orders: tokens.map { Order(token: $0, kind: .errand, shot: $0, parameters: [:]) }, key: tokens[0],
                    isBatch: isBatch))
        }
        let receipt = Reply(status: 202, headers: [:], body: Array(#"{"id": "j", "creditsHeld": 3}"#.utf8))
        _ = book.answered(open(["accepted"]), receipt)
        _ = book.answered(open(["refused"]), Reply(status: 400, headers: [:], body: []))
        book.lost(open(["one", "two"], isBatch: true))
        return book
    }

    private static func ending(
        _ token: String, id: String = "j", state: String = "succeeded", failure: String = "", takes: Int = 0,
        lost: Int = 0
    ) -> Ending {
        Ending(
            id: id, token: token, member: "a", state: state, failure: failure, credits: 3, takes: takes,
            lostAttempts: lost, brokenUpstream: 0)
    }

    @Test("What was kept is no breach")
    func kept() {
        let verdict = PromiseVerdict(Self.book(), [Self.ending("accepted")])
        #expect(verdict.breaches == [] && verdict.lost == 0 && verdict.doubled == 0)
        let both = ["one", "two"].map { Self.ending($0, id: $0) }
        #expect(PromiseVerdict(Self.book(), [Self.ending("accepted")] + both).breaches == [])
        let lost = Self.ending("accepted", state: "failed", failure: "worker-lost", lost: 1)
        #expect(PromiseVerdict(Self.book(), [lost]).breaches == [])
    }

    @Test("A job lost, doubled, swapped, refused and there, taken in part, or of nobody")
    func broken() {
        let good = Self.ending("accepted")
        let cases: [([Ending], String)] = [
            ([], "accepted and is not there"),
            ([good, Self.ending("accepted", id: "k")], "there 2 times"),
            ([Self.ending("accepted", id: "k")], "was answered as j"),
            ([good, Self.ending("refused", id: "k")], "refused with 400 and is there"),
            ([good, Self.ending("one", id: "k")], "taken in part"),
            ([good, Self.ending("stranger", id: "k")], "nobody submitted: stranger"),
        ]
        for (endings, words) in cases {
            let breaches = PromiseVerdict(Self.book(), endings).breaches
            #expect(breaches.count == 1 && breaches[0].contains(words), "\(words): \(breaches)")
        }
        #expect(PromiseVerdict(Self.book(), []).lost == 1)
        #expect(PromiseVerdict(Self.book(), [good, good]).doubled == 1)
    }

    @Test("An ending that nothing explains")
    func unexplained() {
        for (ending, words) in [
            (Self.ending("accepted", state: "running"), "not finished"),
            (Self.ending("accepted", state: "cancelled"), "nobody asked"),
            (Self.ending("accepted", state: "failed", failure: "runner-failed"), "no reason"),
            (Self.ending("accepted", state: "failed", failure: "poison"), "no attempt was lost"),
            (Self.ending("accepted", state: "failed", failure: "dependency-failed"), "nothing it depends on"),
            (Self.ending("accepted", takes: 2), "2 takes"),
        ] {
            let breaches = PromiseVerdict(Self.book(), [ending]).breaches
            #expect(breaches.count == 1 && breaches[0].contains(words), "\(words): \(breaches)")
        }
        let book = Self.book()
        book.asksToCancel("j")
        book.cancelAnswered("j", "running")
        let failed = Self.ending("accepted", state: "failed", failure: "worker-lost", lost: 1)
        #expect(PromiseVerdict(book, [failed]).breaches.map { $0.contains("a cancel was answered") } == [true])
        #expect(PromiseVerdict(book, [Self.ending("accepted", state: "cancelled")]).breaches == [])
    }

    @Test("A repeat that gets another job, or a refusal, breaks the first answer")
    func repeats() {
        for reply in [
            Reply(status: 202, headers: [:], body: Array(#"{"id": "k", "creditsHeld": 3}"#.utf8)),
            Reply(status: 409, headers: [:], body: []),
        ] {
            let journal = Journal(echo: false)
            let book = PromiseBook(journal)
            let index = book.open(
                Promise(
                    member: 0, project: Self.project,
                    orders: [Order(token: "a", kind: .noop, shot: "a", parameters: [:])], key: "a", isBatch: false))
            let first = Reply(status: 202, headers: [:], body: Array(#"{"id": "j", "creditsHeld": 0}"#.utf8))
            #expect(book.answered(index, first) && journal.breaches.isEmpty)
            _ = book.answered(index, reply)
            #expect(journal.breaches.count == 1)
        }
    }
}
