public import FoundationEssentials

extension PrivateDocker {
    /// Makes an image as Cog's own program builds them, without a registry: this machine's Python, the real Cog of the
    /// tests' Python environment, and a model.
    ///
    /// - Parameters:
    ///   - reference: The image's name and tag.
    ///   - model: The model's file; that of `Tests/Python/cog` by default.
    ///   - description: The description of its inputs.
    ///   - name: The name of its class.
    /// - Throws: `TestKitError` with what went wrong.
    public func cogImage(
        _ reference: String, model: URL = CogProgram.file("predict.py"),
        description: URL = CogProgram.file("predict.json"), name: String = "Predictor"
    ) async throws {
        if (try? await request("GET", "/images/\(reference)/json")) != nil { return }
        let root = try TemporaryDirectory("cog-image")
        let made = try await ChildProcess.run(
            "bash", ["-euo", "pipefail", "-c", Self.files, "files", root.path, PythonProgram.interpreter()])
        guard made.exit == .code(0) else { throw TestKitError("a Cog image's files: \(made.errors)") }
        try root.write(Data(contentsOf: model), to: "src/predict.py")
        try root.write(Data(contentsOf: description), to: "src/.cog/openapi_schema.json")
        let changes = [
            "ENV PATH=/usr/bin", "ENV COG_PREDICT_TYPE_STUB=predict.py:\(name)", "ENV PYTHONDONTWRITEBYTECODE=1",
            "WORKDIR /src", "LABEL org.opencontainers.image.version=1.4.0",
            #"CMD ["python", "-m", "cog.server.http"]"#,
        ]
        let parts = reference.split(separator: ":")
        var query = "fromSrc=-&repo=\(parts[0])&tag=\(parts.count > 1 ? parts[1] : "latest")"
        for change in changes {
            query += "&changes=" + change.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        let folder = try TemporaryDirectory("cog-archive")
        let archive = folder.path("image.tar")
        let packed = try await ChildProcess.run("tar", ["-C", root.path, "-cf", archive, "."])
        guard packed.exit == .code(0) else { throw TestKitError("a Cog image's archive: \(packed.errors)") }
        let answer = try await request(
            "POST", "/images/create?\(query)", ["-H", "Content-Type: application/x-tar", "-T", archive])
        guard !answer.contains("\"error\"") else { throw TestKitError("a Cog image: \(answer)") }
    }

    /// Debian's Python with its libraries, and Cog's packages where it looks for them.
    private static let files = #"""
        root=$1 python=$2
        program=$(readlink -f "$python")
        library=$("$python" -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
        site=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
        packages=$root$(dirname "$library")/python3/dist-packages
        mkdir -p "$root/usr/bin" "$root/usr/lib64" "$root/tmp" "$root/src/.cog" "$root/etc" "$packages"
        # Of what is mounted there the mode is that of what was there.
        chmod 1777 "$root/tmp"
        ln -s usr/bin "$root/bin"; ln -s usr/lib "$root/lib"; ln -s usr/lib64 "$root/lib64"
        cp "$program" "$root/usr/bin/python3"
        ln -s python3 "$root/usr/bin/python"
        tar -C "$(dirname "$library")" --exclude=test --exclude=idlelib --exclude=tkinter --exclude=__pycache__ \
            -cf - "$(basename "$library")" | tar -C "$root$(dirname "$library")" -xf -
        for name in cog coglet requests urllib3 certifi idna charset_normalizer structlog yaml _yaml typing_extensions.py
        do
            cp -r "$site/$name" "$packages/"
        done
        { echo "$program"; find "$root" -name '*.so'; } | while read -r file; do ldd "$file" 2>/dev/null || true; done |
            awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }' | sort -u | while read -r file; do
            folder=$root$(dirname "$file")
            mkdir -p "$folder"
            [ -e "$folder/$(basename "$file")" ] || cp -L "$file" "$folder/"
        done
        """#
}
