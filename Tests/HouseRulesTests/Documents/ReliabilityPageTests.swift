import Testing

/// `docs/reliability.md` is worth what its names are worth: each proof it names is a test that is there.
@Suite("The reliability page") struct ReliabilityPageTests {
    /// The proofs of a page: in the last cell of each row a file below `Tests/`, then the tests in it, all as code. What is
    /// tried from outside, in containers, is in Python.
    private func proofs(in page: String) -> [(file: String, test: String)] {
        var found: [(file: String, test: String)] = []
        for line in page.split(separator: "\n") where line.hasPrefix("| ") {
            guard let cell = line.split(separator: "|").last else { continue }
            var file = ""
            for (place, part) in cell.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            where !place.isMultiple(of: 2) {
                if part.hasSuffix(".swift") || part.hasSuffix(".py") {
                    file = String(part)
                } else {
                    found.append((file, String(part)))
                }
            }
        }
        return found
    }

    @Test func `Every proof it names is a test that is there`() throws {
        let proofs = proofs(in: try SourceTree.text(of: "docs/reliability.md"))
        #expect(proofs.count > 60)
        for (file, test) in proofs {
            // A test with arguments has its name on a line of its own.
            let text = try SourceTree.text(of: "Tests/\(file)").replacing("@Test(\n        \"", with: "@Test(\"")
            guard !file.hasSuffix(".py") else {
                #expect(text.contains("\ndef \(test)("), "\(file) has no test \(test)")
                continue
            }
            let isThere = ["func \(test)(", "func `\(test)`(", "@Test(\"\(test)\""].contains { text.contains($0) }
            #expect(isThere && text.contains("@Test"), "\(file) has no test \(test)")
        }
    }

    @Test func `Every promise has a proof`() throws {
        for line in try SourceTree.text(of: "docs/reliability.md").split(separator: "\n")
        where line.hasPrefix("| ") && !line.hasPrefix("| ---") && !line.hasPrefix("| promise") {
            #expect(line.split(separator: "|").count == 3 && !proofs(in: String(line)).isEmpty, "\(line)")
        }
    }
}
