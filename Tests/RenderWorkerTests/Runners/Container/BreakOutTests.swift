import FoundationEssentials
import Glibc
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import RenderWorker

/// Containers that try to do what they may not. Each says what it reached; the right failure is the proof.
@Suite("Containers that try to break out", .timeLimit(.minutes(10)), .serialized) struct BreakOutTests {
    /// Ends with 77 where a command worked that must not, and with 1 where it did not.
    private func attempt(_ command: String) -> String { "if \(command); then echo BROKEN OUT; exit 77; fi; exit 1" }

    private func expectRefused(_ failure: JobFailure, _ what: String) {
        #expect(failure.code == .runnerFailed, "\(what): \(failure)")
        #expect(failure.retryable, "\(what): it was reached: \(failure)")
        #expect(failure.logTail?.contains("BROKEN OUT") != true, "\(what)")
    }

    @Test("No network, unless the function says so")
    func network() async throws {
        try await ContainerStage.with { studio in
            let port = try ProgramUnderTest.freePort()
            let folder = try TemporaryDirectory("web")
            try folder.write(Array("reached".utf8), to: "page")
            let server = try ChildProcess(
                "python3", ["-u", "-m", "http.server", "--bind", "0.0.0.0", "\(port)"], directory: folder.path)
            try await server.line(containing: "Serving HTTP")
            let page =
                "printf 'GET /page HTTP/1.0\\r\\n\\r\\n' | nc -w 5 \(studio.docker.gateway) \(port) | grep reached"
            expectRefused(try await studio.failure(attempt(page)), "the machine")
            expectRefused(try await studio.failure(attempt("[ $(ls /sys/class/net | wc -l) -gt 1 ]")), "a device")
            let reached = try await studio.submit("\(page) && /picture", runner: ["network": true])
            let record = try await studio.attempt(reached)
            let log = try await studio.log(reached)
            #expect(record.state == .succeeded, "\(String(describing: record.failure))\n\(log)")
            #expect(log.contains("reached"))
            _ = try await server.stop()
        }
    }

    @Test("Nothing but outputs and /tmp can be written: not the root, the inputs, the models, the request")
    func writing() async throws {
        try await ContainerStage.with { studio in
            let picture = Data(base64Encoded: ContainerStage.picture) ?? Data()
            try studio.stage.writeInput(picture, "01_Assets/one.png")
            chmod("\(studio.stage.projectPath)/01_Assets/one.png", 0o666)
            let model = try studio.stage.workspace.write(Array("weights".utf8), to: "Library/Models/model.bin")
            chmod(model, 0o666)
            for target in [
                "/file", "/etc/file", "/bin/sh", "/studio/file", "/studio/request.json", "/studio/inputs/file",
                "/studio/inputs/image/0.png", "/studio/models/model.bin", "/proc/sys/kernel/core_pattern",
                "/sys/kernel/mm/ksm/run", "/dev/sda",
            ] {
                let failure = try await studio.failure(
                    attempt("echo x >>\(target)"), inputs: ["image": "01_Assets/one.png"],
                    more: ["models": ["model.bin"]])
                expectRefused(failure, target)
            }
            for command in [
                "rm /studio/inputs/image/0.png", "mv /studio/models/model.bin /studio/models/other",
                "chmod 777 /studio/inputs/image/0.png", "mount -o remount,rw /", "mount -t tmpfs none /tmp",
                "mknod /studio/outputs/disk b 254 0", "chroot / true", "unshare -r true", "kill -0 -1",
                "[ -e /var/run/docker.sock ]", "[ \"$(/bin/marked id -u)\" = 0 ]",
            ] {
                let failure = try await studio.failure(
                    attempt(command), inputs: ["image": "01_Assets/one.png"], more: ["models": ["model.bin"]])
                expectRefused(failure, command)
            }
            #expect(FileManager.default.contents(atPath: model) == Data("weights".utf8))
            #expect(
                FileManager.default.contents(atPath: "\(studio.stage.projectPath)/01_Assets/one.png") == picture)
        }
    }

    @Test("A fork bomb ends in its own container")
    func forkBomb() async throws {
        try await ContainerStage.with { studio in
            let failure = try await studio.failure(
                "bomb() { bomb | bomb & wait; }; bomb; i=0; while [ $i -lt 100 ]; do sleep 1000 & i=$((i + 1)); done; exit 1",
                timeoutSeconds: 20, runner: ["processes": 32])
            #expect([.runnerFailed, .runnerTimeout, .outOfMemory].contains(failure.code), "\(failure)")
            #expect(failure.retryable)
            // The machine goes on.
            let job = try await studio.submit("/picture")
            #expect(try await studio.attempt(job).state == .succeeded)
        }
    }

    @Test("Memory is bounded, and what is written to /tmp and /dev/shm is part of it")
    func memoryBomb() async throws {
        try await ContainerStage.with { studio in
            let bomb = try await studio.memoryFailure("x=x; while :; do x=$x$x$x$x; done", megabytes: 32)
            #expect(bomb.code == .outOfMemory)
            let full = try await studio.failure(
                attempt("head -c 20000000 /dev/zero >/tmp/file"), resources: ["memoryMB": 256])
            expectRefused(full, "/tmp")
            let little = try await studio.submit(
                "head -c 10000000 /dev/zero >/tmp/file && head -c 10000000 /dev/zero >/dev/shm/file && /picture")
            #expect(try await studio.attempt(little).state == .succeeded)
            let both = try await studio.failure(
                "head -c 200000000 /dev/zero >/tmp/file; sleep 2; exit 1",
                runner: ["temporaryMB": 512], resources: ["memoryMB": 32])
            #expect(both.code == .outOfMemory)
        }
    }

    @Test("Ten gigabytes of output end at the limit: in one file, in many, in holes")
    func largeOutput() async throws {
        try await ContainerStage.with { studio in
            for script in [
                "head -c 10000000000 /dev/zero >/studio/outputs/image.png; sleep 1000",
                "i=0; while :; do head -c 1000000 /dev/zero >/studio/outputs/$i; i=$((i + 1)); done",
                "i=0; while :; do truncate -s 10M /studio/outputs/$i; i=$((i + 1)); done",
                // Too fast to be seen before it ends.
                "head -c 9000000 /dev/zero >/studio/outputs/a; head -c 9000000 /dev/zero >/studio/outputs/b; /picture",
            ] {
                let failure = try await studio.failure(script, runner: ["outputMB": 16])
                #expect(failure.code == .outputInvalid, "\(script): \(failure)")
                #expect(!failure.retryable)
                #expect(failure.message.contains("16 MiB"), "\(failure.message)")
            }
        }
    }

    @Test("Links, marked files and names that lead outside are no outputs")
    func outputs() async throws {
        try await ContainerStage.with { studio in
            try studio.stage.writeInput(Data(base64Encoded: ContainerStage.picture) ?? Data(), "01_Assets/one.png")
            let cases = [
                ("ln -s /etc/passwd image.png", "link"),
                ("ln -s ../../../../../../project.json image.png", "link"),
                ("ln -s /studio/inputs/image/0.png image.png", "link"),
                ("/picture a.png; ln a.png image.png", "link to another file"),
                ("/picture; chmod u+s image.png", "run as somebody else"),
                ("/picture; chmod g+s image.png", "run as somebody else"),
                ("mkfifo image.png", "is no file"),
                (#"/picture; echo '{"outputs": {"image": "../image.png"}}' >result.json"#, "is not in the folder"),
                (
                    #"/picture; echo '{"outputs": {"image": "/studio/outputs/../../x.png"}}' >result.json"#,
                    "is not in the folder"
                ),
                (#"/picture; echo '{"outputs": {"image": "/etc/x.png"}}' >result.json"#, "is not in the folder"),
                ("/picture; ln -s /etc/hostname result.json", "result.json"),
                (#"ln -s / away; echo '{"outputs": {"image": "away/x.png"}}' >result.json"#, "link"),
            ]
            for (script, words) in cases {
                let failure = try await studio.failure(
                    "cd /studio/outputs; \(script)", inputs: ["image": "01_Assets/one.png"])
                #expect(failure.code == .outputInvalid, "\(script): \(failure)")
                #expect(failure.message.contains(words), "\(script): \(failure.message)")
            }
            // The kernel does not let an input be linked in the first place.
            expectRefused(
                try await studio.failure(
                    attempt("ln /studio/inputs/image/0.png /studio/outputs/image.png"),
                    inputs: ["image": "01_Assets/one.png"]), "a hard link to an input")
        }
    }

    @Test("An image's own volumes cannot be written, and nothing of them is left")
    func volumes() async throws {
        try await ContainerStage.with { studio in
            let image = "studio-test/volume:1"
            try await studio.docker.image(image, files: ["/data/kept": "kept"], changes: ["VOLUME /data", "USER 0"])
            expectRefused(try await studio.failure(attempt("echo x >/data/file"), image: image), "a volume")
            expectRefused(try await studio.failure(attempt("[ $(id -u) = 0 ]"), image: image), "root")
            expectRefused(try await studio.failure(attempt("! grep -q kept /data/kept"), image: image), "its content")
            #expect(try await studio.docker.request("GET", "/volumes").contains("\"Name\"") == false)
        }
    }
}
