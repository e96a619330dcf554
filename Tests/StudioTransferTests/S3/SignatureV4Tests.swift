import StudioSystem
import Testing

@testable import StudioTransfer

/// AWS's published examples: those of S3's description of the signature, and of the test suite of version 4.
@Suite("Signatures of AWS, version 4")
struct SignatureV4Tests {
    private static let s3 = SignatureV4(
        scope: .init(
            accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            region: "us-east-1"))
    private static let suite = SignatureV4(
        scope: .init(
            accessKeyID: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            region: "us-east-1", service: "service"))
    private static let host: (name: String, value: String) = ("host", "examplebucket.s3.amazonaws.com")
    private static let day = "20130524T000000Z"

    private func signature(_ signer: SignatureV4, _ subject: SignatureV4.Subject, at time: String) -> String {
        String(signer.authorization(subject, at: time).split(separator: "Signature=").last ?? "")
    }

    @Test("A part of an object is asked for")
    func range() {
        let subject = SignatureV4.Subject(
            method: "GET", path: "/test.txt",
            headers: [
                Self.host, ("Range", "bytes=0-9"), ("x-amz-content-sha256", SignatureV4.empty),
                ("x-amz-date", Self.day),
            ], payload: SignatureV4.empty)
        #expect(
            Self.s3.authorization(subject, at: Self.day)
                == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
                + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    }

    @Test("An object is put")
    func put() {
        let digest = SHA256.hex(of: "Welcome to Amazon S3.".utf8)
        let subject = SignatureV4.Subject(
            method: "PUT", path: SignatureV4.encode(path: "/test$file.text"),
            headers: [
                Self.host, ("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-content-sha256", digest),
                ("x-amz-date", Self.day), ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ], payload: digest)
        #expect(
            signature(Self.s3, subject, at: Self.day)
                == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
    }

    @Test("Queries with and without values are signed in their order")
    func queries() {
        let headers: [(name: String, value: String)] = [
            Self.host, ("x-amz-content-sha256", SignatureV4.empty), ("x-amz-date", Self.day),
        ]
        let life = SignatureV4.Subject(
            method: "GET", path: "/", query: [("lifecycle", "")], headers: headers, payload: SignatureV4.empty)
        #expect(
            signature(Self.s3, life, at: Self.day)
                == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
        let list = SignatureV4.Subject(
            method: "GET", path: "/", query: [("prefix", "J"), ("max-keys", "2")], headers: headers,
            payload: SignatureV4.empty)
        #expect(
            signature(Self.s3, list, at: Self.day)
                == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    }

    @Test("An address is good for a day")
    func address() {
        let subject = SignatureV4.Subject(method: "GET", path: "/test.txt", headers: [Self.host], payload: "")
        let query = Self.s3.query(subject, at: Self.day, goodFor: 86400)
        #expect(
            query
                == "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3"
                + "%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
    }

    @Test("The suite's plain request, and its query in another order")
    func suite() {
        let time = "20150830T123600Z"
        let headers: [(name: String, value: String)] = [("Host", "example.amazonaws.com"), ("X-Amz-Date", time)]
        let plain = SignatureV4.Subject(method: "GET", path: "/", headers: headers, payload: SignatureV4.empty)
        #expect(
            signature(Self.suite, plain, at: time)
                == "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")
        let ordered = SignatureV4.Subject(
            method: "GET", path: "/", query: [("Param2", "value2"), ("Param1", "value1")], headers: headers,
            payload: SignatureV4.empty)
        #expect(
            signature(Self.suite, ordered, at: time)
                == "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500")
    }

    @Test("What has to be encoded is, and nothing else")
    func encoding() {
        #expect(SignatureV4.encode(path: "/a b/ü+~-._%") == "/a%20b/%C3%BC%2B~-._%25")
        #expect(SignatureV4.query([("b", "/"), ("a", "2"), ("a", "1"), ("c d", "")]) == "a=1&a=2&b=%2F&c%20d=")
    }
}
