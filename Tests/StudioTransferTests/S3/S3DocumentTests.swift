import Testing

@testable import StudioTransfer

@Suite("What S3's answers say")
struct S3DocumentTests {
    @Test("A list has its entries and its own members")
    func list() {
        let document = S3Document(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix/>
              <Contents><Key>a&amp;b/&#x41;&#66;&lt;</Key><Size>5</Size><Owner><ID>x</ID></Owner></Contents>
              <Contents><Key>c</Key><Size>7</Size></Contents><IsTruncated>true</IsTruncated></ListBucketResult>
            """)
        #expect(document.all("Contents") == [["Key": "a&b/AB<", "Size": "5"], ["Key": "c", "Size": "7"]])
        #expect(document["IsTruncated"] == "true")
        #expect(document["Prefix"] == "")
        #expect(document["Size"] == nil)
    }

    @Test("A member that is there twice is no entry of its own")
    func repeated() {
        let document = S3Document(
            """
            <ListBucketResult><Contents><Key>a</Key><ChecksumAlgorithm>CRC32</ChecksumAlgorithm>
              <ChecksumAlgorithm>SHA256</ChecksumAlgorithm><Size>5</Size></Contents><IsTruncated>true</IsTruncated>
              <Contents><Size>7</Size><Key>b</Key></Contents><Contents/></ListBucketResult>
            """)
        #expect(
            document.all("Contents") == [
                ["Key": "a", "ChecksumAlgorithm": "CRC32", "Size": "5"], ["Key": "b", "Size": "7"],
            ])
    }

    @Test(
        "What is no such document reads as an empty one",
        arguments: ["", "<", "<a>", "<a></b>", "</a>", "plain", "<a><b>1</a></b>", "<<>>"])
    func broken(_ text: String) {
        #expect(S3Document(text)["b"] == nil)
        #expect(S3Document(text).all("b").isEmpty)
        #expect(S3Document(String(repeating: "<a>", count: 100_000))["a"] == nil)
    }
}
