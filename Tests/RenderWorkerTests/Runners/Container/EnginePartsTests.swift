import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import RenderWorker

/// What a client of a container engine is made of, without an engine.
@Suite("Parts of the container engine's client") struct EnginePartsTests {
    @Test("Output comes apart wherever the pieces are cut", arguments: [1, 2, 3, 7, 8, 9, 64])
    func frames(_ size: Int) {
        var bytes = Data([1, 0, 0, 0, 0, 0, 0, 5])
        bytes += Data("hello".utf8)
        bytes += Data([2, 0, 0, 0, 0, 0, 0, 0])
        bytes += Data([2, 0, 0, 0, 0, 0, 1, 0])
        bytes += Data(repeating: 7, count: 256)
        bytes += Data([1, 0, 0, 0, 0, 0, 0, 1, 33])
        var frames = LogFrames()
        var (output, errors) = (Data(), Data())
        var rest = bytes[...]
        while !rest.isEmpty {
            for (stream, part) in frames.feed(Data(rest.prefix(size))) {
                switch stream {
                case .output: output += part
                case .errors: errors += part
                }
            }
            rest = rest.dropFirst(size)
        }
        #expect(output == Data("hello!".utf8))
        #expect(errors == Data(repeating: 7, count: 256))
    }

    @Test("An image's name has a registry, a tag and a digest, each where it is named")
    func references() {
        let cases: [(String, name: String, tag: String?, digest: String?, registry: String, repository: String)] = [
            ("debian", "debian", nil, nil, "docker.io", "debian"),
            ("library/debian:12", "library/debian", "12", nil, "docker.io", "debian"),
            ("studio/upscale:1.2.0", "studio/upscale", "1.2.0", nil, "docker.io", "studio/upscale"),
            ("localhost/a:1", "localhost/a", "1", nil, "localhost", "localhost/a"),
            ("127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b", nil, nil, "127.0.0.1:5000", "127.0.0.1:5000/a/b"),
            ("r.io:443/a:t@sha256:ab", "r.io:443/a", "t", "sha256:ab", "r.io:443", "r.io:443/a"),
        ]
        for (text, name, tag, digest, registry, repository) in cases {
            let reference = ImageReference(text)
            #expect(reference.name == name)
            #expect(reference.tag == tag)
            #expect(reference.digest == digest)
            #expect(reference.registry == registry)
            #expect(reference.repository == repository)
        }
        let image = EngineImage([
            "Id": "sha256:1", "RepoDigests": ["other/a@sha256:2", "debian@sha256:3"],
            "Config": ["Volumes": ["/data": [:]]],
        ])
        #expect(image?.digest(as: ImageReference("docker.io/library/debian:12")) == "sha256:3")
        #expect(image?.digest(as: ImageReference("local:1")) == "sha256:1")
        #expect(image?.volumes == ["/data"])
    }

    @Test("A pull is as far as its layers are together")
    func pull() {
        var progress = PullProgress()
        for line in [
            #"{"status":"Pulling from studio/tool","id":"1"}"#, #"{"status":"Pulling fs layer","id":"a"}"#, "nonsense",
            #"{"status":"Downloading","id":"a","progressDetail":{"current":1048576,"total":4194304}}"#,
            #"{"status":"Downloading","id":"b","progressDetail":{"current":2097152,"total":2097152}}"#,
            #"{"status":"Downloading","id":"c","progressDetail":{}}"#,
            #"{"status":"Downloading","id":"d","progressDetail":{"current":-5,"total":3}}"#,
        ] { progress.take(line) }
        #expect(progress.text == "3 of 6 MiB")
        progress.take(#"{"status":"Pull complete","id":"a"}"#)
        #expect(progress.done == progress.total)
        #expect(progress.failure == nil)
        progress.take(#"{"errorDetail":{"message":"manifest unknown"},"error":"manifest unknown"}"#)
        #expect(progress.failure == "manifest unknown")
    }

    @Test("The API's version is one that both sides speak")
    func versions() throws {
        func spoken(_ newest: String, _ oldest: String) throws -> String {
            let answer: JSONValue = ["ApiVersion": .string(newest), "MinAPIVersion": .string(oldest), "Version": "1"]
            return try #require(EngineVersion(answer)).spoken.description
        }
        #expect(try spoken("1.41", "1.12") == "1.41")
        #expect(try spoken("1.52", "1.44") == "1.44")
        #expect(try spoken("1.9", "1.4") == "1.9")
        #expect(EngineVersion(["ApiVersion": "new"]) == nil)
        #expect(EngineVersion(.null) == nil)
    }

    @Test("The worker's paths are the engine's, but for what its own container mounts")
    func paths() {
        let paths = HostPaths([
            .init(here: "/studio", there: "/srv/studio"), .init(here: "/studio/Models/", there: "/mnt/models/"),
            .init(here: "/whole", there: "/"),
        ])
        #expect(paths.path("/studio/Projects/film") == "/srv/studio/Projects/film")
        #expect(paths.path("/studio/Models/a.bin") == "/mnt/models/a.bin")
        #expect(paths.path("/studio") == "/srv/studio")
        #expect(paths.path("/studios/a") == "/studios/a")
        #expect(paths.path("/whole/a") == "/a")
        #expect(paths.path("/whole") == "/")
        let id = String(repeating: "0a", count: 32)
        let table = """
            617 600 0:58 / /proc rw - proc proc rw
            630 617 254:0 /var/lib/docker/containers/\(id)/resolv.conf /etc/resolv.conf rw - ext4 /dev/vda rw
            631 617 254:0 /var/lib/docker/containers/\(id)/hostname /etc/hostname rw - ext4 /dev/vda rw
            """
        #expect(HostPaths.container(in: table) == id)
        #expect(HostPaths.container(in: "630 617 254:0 /etc/hostname /etc/hostname rw - ext4 /dev/vda rw") == nil)
        #expect(HostPaths.container(in: table.replacing(id, with: "../../x")) == nil)
    }

    @Test("A login of a private registry is told to that registry alone")
    func logins() throws {
        let folder = try TemporaryDirectory("logins")
        let login = Data("ada:pass:word".utf8).base64EncodedString()
        try folder.write(
            Array(
                """
                {"auths": {"https://registry.example.com:5000/v2/": {"auth": "\(login)"},
                           "https://index.docker.io/v1/": {"identitytoken": "token"}, "empty.example.com": {}},
                 "credsStore": "desktop"}
                """.utf8), to: "config.json")
        let logins = RegistryLogins(folder: folder.path)
        func told(_ registry: String) throws -> JSONValue? {
            guard let header = logins.header(for: registry) else { return nil }
            let text = header.replacing("-", with: "+").replacing("_", with: "/")
            return try JSONText.decode(JSONValue.self, from: #require(Data(base64Encoded: text)))
        }
        let private5000 = try told("registry.example.com:5000")
        #expect(private5000?["username"] == "ada")
        #expect(private5000?["password"] == "pass:word")
        #expect(try told(ImageReference("debian:12").registry)?["identitytoken"] == "token")
        #expect(try told("registry.example.com") == nil)
        #expect(try told("empty.example.com") == nil)
        #expect(RegistryLogins(folder: nil).header(for: "docker.io") == nil)
        #expect(RegistryLogins(folder: folder.path("absent")).header(for: "docker.io") == nil)
    }

    @Test("A container gets what it is given and nothing else")
    func spec() throws {
        var spec = ContainerSpec(
            image: "sha256:1", user: ContainerUser(ofWorker: 0, 0), memory: 1, cpus: 64, processes: 10,
            temporary: 1 << 20, largestFile: 2 << 20)
        spec.command = ["run", "--fast"]
        spec.mounts = [.init(source: "/a", target: "/b")]
        let body = spec.document(on: EngineCapacity(cpus: 4, memory: 1 << 30))
        let host = try #require(body["HostConfig"])
        #expect(body["User"] == "10001:10001")
        #expect(body["Entrypoint"] == ["run"])
        #expect(body["Cmd"] == ["--fast"])
        #expect(body["Env"] == ["HOME=/tmp", "TMPDIR=/tmp"])
        #expect(host["NetworkMode"] == "none")
        #expect(host["ReadonlyRootfs"] == true)
        #expect(host["CapDrop"] == ["ALL"])
        #expect(host["SecurityOpt"] == ["no-new-privileges:true"])
        #expect(host["NanoCpus"] == 4_000_000_000)
        #expect(host["Memory"] == 6_291_456)
        #expect(host["MemorySwap"] == host["Memory"])
        #expect(host["Mounts"]?.arrayValue?.first?["ReadOnly"] == true)
        #expect(host["DeviceRequests"] == nil)
        spec.gpus = 2
        let gpus = spec.document(on: EngineCapacity(cpus: 4, memory: 1 << 30))["HostConfig"]?["DeviceRequests"]
        #expect(gpus == [["Count": 2, "Capabilities": [["gpu"]]]])
        #expect(ContainerUser(ofWorker: 1000, 1000).text == "1000:1000")
        #expect(ContainerUser(ofWorker: 1000, 0).text == "1000:1000")
    }

    @Test("An input's name is its number and a plain ending")
    func inputNames() {
        let cases = [
            "/a/b.PNG": "3.png", "/a/b": "3", "/a/.hidden": "3", "/a/b.tar.gz": "3.gz", "/a/b.p;ng": "3", "/a/b.": "3",
        ]
        for (path, name) in cases { #expect(BatchFiles.name(3, of: path) == name) }
    }
}
