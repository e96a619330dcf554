import FoundationEssentials
import QueueProtocol
import Testing

@Suite("Events and control messages")
struct StudioEventTests {
    private static let job = JobID()
    private static let date = Date(timeIntervalSince1970: 1_795_248_214.95)
    private static let time = "2026-11-21T08:03:34.950Z"

    private static let events: [(StudioEvent, String)] = [
        (
            .jobState(
                DurableEvent(
                    id: "7", project: "film",
                    JobStateChange(
                        job: job, state: "failed", attempt: 2, failure: ["code": "runner-failed", "message": "no"]),
                    at: date)),
            #"{"at":"\#(time)","attempt":2,"failure":{"code":"runner-failed","message":"no"},"id":"7","job":"\#(job)","project":"film","state":"failed","type":"job.state"}"#
        ),
        (
            .jobProgress(
                JobProgress(
                    job: job, project: "film", attempt: 1, progress: 0.5, stage: "encode", message: "", at: date)),
            #"{"at":"\#(time)","attempt":1,"job":"\#(job)","message":"","progress":0.5,"project":"film","stage":"encode","type":"job.progress"}"#
        ),
        (
            .takeCreated(
                DurableEvent(
                    id: "8", project: "film",
                    TakeCreation(
                        job: job, take: TakeID(uuid: job.uuid), shot: "SHOT-010", version: 1, number: 3,
                        path: "03_Renders/a.mp4"), at: date)),
            #"{"at":"\#(time)","id":"8","job":"\#(job)","number":3,"path":"03_Renders/a.mp4","project":"film","shot":"SHOT-010","take":"\#(job)","type":"take.created","version":1}"#
        ),
        (
            .projectChanged(DurableEvent(id: "9", project: "film", ProjectChange(change: "settings"), at: date)),
            #"{"at":"\#(time)","change":"settings","id":"9","project":"film","type":"project.changed"}"#
        ),
        (
            .error(ErrorNotice(code: "bad-json", detail: "no JSON")),
            #"{"code":"bad-json","detail":"no JSON","type":"error"}"#
        ),
    ]

    @Test func everyEventIsWrittenAndReadAsTheContractSays() throws {
        for (event, text) in Self.events {
            #expect(try JSONText.string(event, sortedKeys: true) == text)
            #expect(try JSONText.decode(StudioEvent.self, from: text) == event)
        }
    }

    @Test func onlyDurableEventsHaveAnID() {
        #expect(Self.events.map(\.0.id) == ["7", nil, "8", "9", nil])
    }

    @Test func whatANewerServerSaysIsPassedOver() throws {
        #expect(
            try JSONText.decode(StudioEvent.self, from: #"{"type":"moon.phase","x":1}"#) == .unrecognised("moon.phase"))
        #expect(throws: DecodingError.self) { try JSONText.decode(StudioEvent.self, from: #"{"type":"job.state"}"#) }
        #expect(throws: DecodingError.self) { try JSONText.decode(StudioEvent.self, from: "{}") }
    }

    @Test func controlMessages() throws {
        for message in [
            ControlMessage.cancel(job: Self.job, attempt: 3), .cancel(job: Self.job, attempt: nil), .drain,
        ] {
            #expect(try JSONText.decode(ControlMessage.self, from: try JSONText.string(message)) == message)
        }
        #expect(
            try JSONText.decode(ControlMessage.self, from: #"{"kind":"dance","job":1}"#) == .unrecognised("dance"))
        #expect(throws: DecodingError.self) { try JSONText.decode(ControlMessage.self, from: #"{"kind":"cancel"}"#) }
    }

    @Test func progressIsBroughtIntoRange() throws {
        let project = ProjectID()
        func report(_ progress: Double, _ eta: Double?) -> ProgressReport {
            ProgressReport(
                job: Self.job, project: project, attempt: 1, progress: progress, stage: "encode", etaSeconds: eta,
                at: Self.date)
        }
        #expect(report(1.5, -1).progress == 1)
        #expect(report(-1, .infinity).progress == 0)
        #expect(report(.nan, .nan).progress == 0)
        #expect(report(0.5, .nan).etaSeconds == nil)
        let whole = report(0.25, 12)
        #expect(try JSONText.decode(ProgressReport.self, from: try JSONText.string(whole)) == whole)
        let event = JobProgress(whole, project: "film")
        #expect(event.progress == 0.25)
        #expect(event.etaSeconds == 12)
        #expect(event.project == "film")
    }
}
