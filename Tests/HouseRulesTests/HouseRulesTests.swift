import Testing

/// The rules of CONTRIBUTING.md, held by a machine.
@Suite struct HouseRulesTests {
    @Test(arguments: Rule.all) func holds(_ rule: Rule) throws {
        let files = try SourceTree.swiftFiles()
        try #require(!files.isEmpty, "no sources below \(SourceTree.root)")
        files.flatMap(rule.check).report()
    }

    @Test(arguments: Rule.all) func findsItsBadSamples(_ rule: Rule) {
        #expect(!rule.bad.isEmpty && !rule.good.isEmpty)
        for sample in rule.bad {
            let found = rule.check(SourceFile(path: sample.path, text: sample.text))
            #expect(found.map(\.line).sorted() == sample.lines, "\(sample.text)")
        }
        for sample in rule.good {
            #expect(rule.check(SourceFile(path: sample.path, text: sample.text)).isEmpty, "\(sample.text)")
        }
    }

    @Test func nothingUnfinishedAndNoMachinePathIsLeft() throws {
        let files = try SourceTree.files(below: Leftovers.folders, where: Leftovers.isText)
        try #require(files.contains("Makefile") && files.contains { $0.hasPrefix("Sources/") })
        for path in files { try Leftovers.findings(in: path, text: SourceTree.text(of: path)).report() }
    }

    @Test func leftoversAreFound() {
        let bad = "a\n// to" + "do: later\nlet p = \"/ho" + "me/ann/film\"\ncd /ro" + "ot/x # fix" + "me\n"
        #expect(Leftovers.findings(in: "Sources/A.swift", text: bad).map(\.line) == [2, 3, 4, 4])
        let merge = "a\n<<<<" + "<<< ours\nb\n=======\nc\n>>>>" + ">>> theirs\n"
        #expect(Leftovers.findings(in: "CHANGELOG.md", text: merge).map(\.line) == [2, 6])
        let good = "mktemp film.XXXX" + "XX\nlet todos = 3\nhttps://example.com/work/a\n/work/\n"
        #expect(Leftovers.findings(in: "scripts/a.sh", text: good).isEmpty)
        #expect(Leftovers.isText("Makefile") && Leftovers.isText("a/b.swift") && !Leftovers.isText("a/b.png"))
    }

    @Test func everyTargetIsInTheImportMap() throws {
        let targets = Set(try SourceTree.swiftFiles().filter(\.isProduct).map(\.target))
        #expect(targets.subtracting(ImportMap.allowed.keys).isEmpty)
        for path in Shape.longerWithReason.keys {
            #expect(throws: Never.self, "\(path) is on the list of longer files") { try SourceTree.text(of: path) }
        }
    }

    /// A check that can be switched off silently is none (the linter's rules and the compiler's settings are ours).
    @Test func theCompilerAndTheLinterAreStrict() throws {
        let manifest = try SourceTree.text(of: "Package.swift")
        for setting in [
            ".treatAllWarnings(as: .error)", ".swiftLanguageMode(.v6)", "\"ExistentialAny\"",
            "\"InternalImportsByDefault\"", "\"MemberImportVisibility\"",
        ] {
            #expect(manifest.contains(setting), "Package.swift: \(setting) is missing")
        }
        let format = try SourceTree.text(of: ".swift-format")
        for rule in [
            "AllPublicDeclarationsHaveDocumentation", "ValidateDocumentationComments", "NeverUseForceTry",
            "OrderedImports",
        ] {
            #expect(format.contains("\"\(rule)\": true"), ".swift-format: \(rule) is off")
        }
    }

    /// One definition of the programs' environment reaches people, scripts and programs: the README names each variable
    /// the programs read, and those that only the scripts read.
    @Test func theReadmeNamesEverySetting() throws {
        let source = try SourceTree.text(of: "Sources/StudioCore/Configuration/ConfigurationReader.swift")
        let read = source.matches(of: /\breader\s*\.\w+\(\s*"([A-Z][A-Z0-9_]*)"/).map { String($0.output.1) }
        // The reader's calls look different now where these are not found.
        try #require(
            Set(["STUDIO_ENV", "DATABASE_URL", "LEASE_SECONDS", "LOG_LEVEL", "WORKER_NAME"]).isSubset(of: read))
        let readme = try SourceTree.text(of: "README.md")
        for variable in read + ["JWT_SECRET_FILE", "WORKERS", "STUDIO_HOME"] {
            #expect(readme.contains("`\(variable)`"), "README.md does not explain \(variable)")
        }
    }
}
