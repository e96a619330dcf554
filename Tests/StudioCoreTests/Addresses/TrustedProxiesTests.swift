import StudioCore
import Testing

@Suite("Trusted proxies")
struct TrustedProxiesTests {
    private let proxies = TrustedProxies(["10.0.0.0/8", "2001:db8::1"].compactMap { IPNetwork($0) })

    private func client(_ peer: String, _ header: String?, _ proxies: TrustedProxies? = nil) throws -> String {
        let peer = try #require(IPAddress(peer))
        return (proxies ?? self.proxies).client(of: peer, forwardedFor: header).description
    }

    @Test("Nobody's word is taken who is no trusted proxy")
    func untrusted() throws {
        #expect(try client("192.0.2.9", "198.51.100.1") == "192.0.2.9")
        #expect(try client("10.0.0.1", "198.51.100.1", TrustedProxies()) == "10.0.0.1")
        #expect(try client("10.0.0.1", nil) == "10.0.0.1")
    }

    @Test("The right-most address that is no proxy's is the client, whatever stands left of it")
    func rightMost() throws {
        #expect(try client("10.0.0.1", "198.51.100.1") == "198.51.100.1")
        #expect(try client("::ffff:10.0.0.1", "198.51.100.1") == "198.51.100.1")
        // The left part is what the client wrote itself.
        #expect(try client("10.0.0.1", "203.0.113.7, 198.51.100.1") == "198.51.100.1")
        #expect(try client("10.0.0.1", "203.0.113.7, 198.51.100.1, 10.0.0.2,2001:db8::1") == "198.51.100.1")
        #expect(try client("10.0.0.1", "nonsense, 198.51.100.1") == "198.51.100.1")
        #expect(try client("2001:db8::1", "2001:db8:1::5") == "2001:db8:1::5")
        // Somebody on one of the proxies' own machines.
        #expect(try client("10.0.0.1", "10.0.0.3, 10.0.0.2") == "10.0.0.3")
    }

    @Test("Ports and spaces that proxies write are read past")
    func forms() throws {
        #expect(try client("10.0.0.1", "198.51.100.1:4711") == "198.51.100.1")
        #expect(try client("10.0.0.1", "[2001:db8:1::5]:4711") == "2001:db8:1::5")
        #expect(try client("10.0.0.1", "[2001:db8:1::5]") == "2001:db8:1::5")
        #expect(try client("10.0.0.1", " \t198.51.100.1 \t") == "198.51.100.1")
    }

    @Test(
        "At what is no address the search ends with the last proxy that was vouched for",
        arguments: [
            "", ",", "unknown", "_hidden", "198.51.100.1, ", "198.51.100.1 203.0.113.7", "198.51.100.1:",
            "198.51.100.1:x",
            "198.51.100.1:99999", "[198.51.100.1]",
            "[2001:db8:1::5", "[2001:db8:1::5]x", "for=198.51.100.1", "\u{0}",
            "198.51.100.1;", "999.0.0.1",
        ])
    func malformed(_ header: String) throws {
        #expect(try client("10.0.0.1", header) == "10.0.0.1")
        #expect(try client("10.0.0.1", "203.0.113.7, \(header), 10.0.0.2") == "10.0.0.2")
    }

    @Test("A long header is read from its end alone")
    func long() throws {
        let header = String(repeating: "x,", count: 16_000) + "198.51.100.1"
        #expect(try client("10.0.0.1", header) == "198.51.100.1")
    }
}
