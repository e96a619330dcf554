import StudioCore
import Testing

@Suite("IP addresses")
struct IPAddressTests {
    @Test(
        "An address has one text",
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
            ("::", "::"), ("::1", "::1"), ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"), ("1::", "1::"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
            ("1:0:3:0:5:0:7:0", "1:0:3:0:5:0:7:0"), ("1::3:4:5:6:7:8", "1:0:3:4:5:6:7:8"),
            ("fe80::0a0b", "fe80::a0b"), ("::ffff:192.0.2.1", "192.0.2.1"), ("::ffff:c000:201", "192.0.2.1"),
            ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"), ("0:0:0:0:0:0:0:0", "::"),
        ])
    func oneText(_ text: String, _ expected: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == expected)
        #expect(IPAddress(expected) == address)
    }

    @Test(
        "What is no address is refused",
        arguments: [
            "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.-4", "1.2.3.+4", "1.2..4", " 1.2.3.4",
            "1.2.3.4 ",
            "1.2.3.4:80", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "12345::",
            "g::", "+1::", "-1::", "::1%eth0", "[::1]", "1.2.3.4::", "::1.2.3", "1:2:3:4:5:6:7:1.2.3.4",
            ":1:2:3:4:5:6:7:8",
            "1:2:3:4:5:6:7:", "unknown", "_hidden", "١.2.3.4", "::１", String(repeating: "1", count: 100_000),
        ])
    func refused(_ text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test("A network has the addresses that begin as it does, and is of one kind")
    func networks() throws {
        func contains(_ network: String, _ address: String) throws -> Bool {
            try #require(IPNetwork(network)).contains(try #require(IPAddress(address)))
        }
        #expect(try contains("10.0.0.0/8", "10.255.255.255"))
        #expect(try !contains("10.0.0.0/8", "11.0.0.0"))
        #expect(try contains("10.0.0.0/8", "::ffff:10.1.2.3"))
        #expect(try contains("192.0.2.128/25", "192.0.2.128"))
        #expect(try !contains("192.0.2.128/25", "192.0.2.127"))
        #expect(try contains("192.0.2.1", "192.0.2.1"))
        #expect(try !contains("192.0.2.1", "192.0.2.2"))
        #expect(try contains("2001:db8::/33", "2001:db8:7fff::"))
        #expect(try !contains("2001:db8::/33", "2001:db8:8000::"))
        #expect(try contains("::ffff:10.0.0.0/104", "10.9.9.9"))
        #expect(try !contains("::/1", "10.9.9.9"))
        #expect(IPNetwork("10.0.0.0/8")?.description == "10.0.0.0/8")
        #expect(IPNetwork("2001:DB8::/32")?.description == "2001:db8::/32")
        #expect(IPNetwork("0.0.0.0/0")?.isEverything == true)
        #expect(IPNetwork("::/0")?.isEverything == true)
        #expect(IPNetwork("128.0.0.0/1")?.isEverything == false)
        for bad in ["10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/8/8", "::1/127", "/8", "::/129"]
        {
            #expect(IPNetwork(bad) == nil, "\(bad)")
        }
    }
}
