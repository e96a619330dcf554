import QueueProtocol
import Testing

@Suite("The gateway's own message")
struct RenderMessageTests {
    @Test func hasTheShapeOfCelerys() throws {
        let job = JobID()
        let message = TaskMessage.render(job: job, priority: TaskPriority(urgency: 9), origin: "gen7@host")
        let model = try TaskMessage(decoding: Fixture(name: "task_kwargs").bytes)
        #expect(message.envelope.members.map(\.name) == model.envelope.members.map(\.name))
        #expect(message.headers.members.map(\.name) == model.headers.members.map(\.name))
        #expect(message.properties.members.map(\.name) == model.properties.members.map(\.name))
        #expect(message.task == TaskName.render)
        #expect(message.id == job.description)
        #expect(message.rootID == job.description)
        #expect(message.routingKey == "studio")
        #expect(message.properties["priority"] == .integer(0))
    }

    @Test func comesBackFromTheWire() throws {
        let job = JobID()
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let sent = TaskMessage.render(
            job: job, queue: "gpu", priority: TaskPriority(urgency: 2), traceparent: trace)
        let received = try TaskMessage(decoding: sent.encoded())
        #expect(received == sent)
        #expect(received.traceparent == trace)
        #expect(received.priority.urgency == 2)
        #expect(received.routingKey == "gpu")
        #expect(try received.renderJob() == job)
        #expect(try received.call().keywords == ["job_id": .string(job.description)])
    }

    @Test func everyCopyHasItsOwnTag() {
        let job = JobID()
        let tags = (0..<100).map { _ in TaskMessage.render(job: job, priority: TaskPriority(urgency: 5)).deliveryTag }
        #expect(Set(tags).count == 100)
    }

    @Test func aTaskWithoutAJobIsRefused() throws {
        let other = try TaskMessage(decoding: Fixture(name: "task_kwargs").bytes)
        #expect(throws: TaskMessageError.self) { try other.renderJob() }
    }
}
