import Glibc

/// The images that tests of more than one module use.
extension PrivateDocker {
    /// An image with busybox, a program that makes a picture (`/picture`, which takes a path) and one that is marked to run
    /// as root (`/bin/marked`).
    public static let tool = "studio-test/tool:1"

    /// The picture, 32 by 16 pixels, in base 64.
    public static let picture =
        "iVBORw0KGgoAAAANSUhEUgAAACAAAAAQCAIAAAD4YuoOAAAAHUlEQVR42mOosDlBU8QwasGoBaMWjFowasFQsAAArQH4H4S67RwAAAAASUVORK5CYII="

    /// Makes ``tool``.
    ///
    /// - Throws: `TestKitError` with the engine's words.
    public func makeTool() async throws {
        try await image(
            Self.tool,
            files: [
                "/picture": "#!/bin/sh\nexec base64 -d /picture.txt >\"${1:-/studio/outputs/image.png}\"\n",
                "/picture.txt": Self.picture + "\n",
            ], marked: ["/bin/marked"])
    }

    /// Makes an image that stands in for Debian's in the build of an image of Python programs: busybox, this machine's
    /// Python, and an `apt-get` that has nothing left to do.
    ///
    /// - Parameter reference: The image's name and tag.
    /// - Throws: `TestKitError` with the engine's words.
    public func makePythonBase(_ reference: String) async throws {
        let found = try await ChildProcess.run(
            "sh",
            [
                "-ec",
                """
                python=$(readlink -f /usr/bin/python3)
                library=$("$python" -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
                printf '%s\\n' "$python" "$library"
                ldd "$python" | grep -o '/[^ ]*'
                """,
            ])
        let paths = found.output.split(separator: "\n").map(String.init)
        guard found.exit == .code(0), paths.count > 2 else { throw TestKitError("Python's files: \(found.errors)") }
        try await image(
            reference,
            files: [
                "/usr/bin/apt-get": "#!/bin/sh\nexit 0\n", "/usr/bin/python3": "#!/bin/sh\nexec \(paths[0]) \"$@\"\n",
            ], copies: paths)
    }

    /// Builds an image from a folder with a Dockerfile.
    ///
    /// - Parameters:
    ///   - reference: The image's name and tag.
    ///   - folder: The folder.
    /// - Throws: `TestKitError` with the builder's words.
    public func build(_ reference: String, from folder: String) async throws {
        let place = try TemporaryDirectory("build")
        let archive = place.path("context.tar")
        let packed = try await ChildProcess.run("tar", ["-C", folder, "-cf", archive, "."])
        guard packed.exit == .code(0) else { throw TestKitError("a build's files: \(packed.errors)") }
        let answer = try await request(
            "POST", "/build?t=\(reference)&forcerm=1",
            ["-H", "Content-Type: application/x-tar", "--data-binary", "@\(archive)"])
        guard answer.contains("Successfully tagged") else { throw TestKitError("the build of \(reference): \(answer)") }
    }
}
