import FoundationEssentials
import QueueProtocol
import Testing

/// Compressed bodies: read like any other, up to a bound.
@Suite("Compressed bodies")
struct CompressionTests {
    /// A message with a body of that compression.
    private func message(_ body: String, _ compression: String) throws -> TaskMessage {
        let headers: WireObject = [
            "task": .string("t"), "id": .string("1"), "compression": .string(compression),
        ]
        let properties: WireObject = [
            "delivery_tag": .string("d"), "body_encoding": .string("base64"),
            "delivery_info": .object(["exchange": .string(""), "routing_key": .string("q")]),
        ]
        return try TaskMessage(
            decoding: WireJSON.object([
                "body": .string(body), "content-type": .string("application/json"), "headers": .object(headers),
                "properties": .object(properties),
            ]).encoded())
    }

    private static let zlib = "application/x-gzip"
    private static let bzip2 = "application/x-bz2"

    @Test func `A body that Celery compressed is read`() throws {
        let call = try TaskMessage(decoding: Fixture(name: "task_compressed_zlib").bytes).call()
        #expect(call.arguments.count + call.keywords.count > 0)
    }

    @Test("What Python's zlib and bz2 make is read", arguments: [dynamic, stored, fixed, bzipped])
    func reads(body: String) throws {
        let call = try message(body, body == Self.bzipped ? Self.bzip2 : Self.zlib).call()
        #expect(call.arguments.first?.stringValue?.count == 400)
        #expect(call.arguments.first?.stringValue?.hasPrefix("abcabcabc é") == true)
        #expect(call.keywords == ["n": 1])
    }

    @Test("What would not stay small is refused", arguments: [zlib, bzip2])
    func bound(compression: String) throws {
        // 20 MiB of NUL by bz2.compress; as much by the longest copies that a fixed block of zlib has.
        let small = "QlpoOTFBWSZTWegs7hwAoKDIAMAAAAIACCAAMMwFKaaBIE2EEgTxdyRThQkOgs7hwA=="
        let message = try message(compression == Self.zlib ? Self.copies(80_000) : small, compression)
        do throws(TaskMessageError) {
            _ = try message.call()
            Issue.record("it was read")
        } catch {
            #expect(error.code == .tooLarge)
        }
    }

    /// A zlib stream of one NUL and so many copies of 258 bytes of what is before.
    private static func copies(_ count: Int) -> String {
        var bytes: [UInt8] = [0x78, 0x9C]
        var (bits, filled): (UInt8, UInt8) = (0, 0)
        func put(_ text: String) {
            for bit in text.utf8 {
                bits |= (bit - 48) << filled
                filled += 1
                if filled == 8 {
                    bytes.append(bits)
                    (bits, filled) = (0, 0)
                }
            }
        }
        put("110" + "00110000")
        for _ in 0..<count { put("11000101" + "00000") }
        return Data(bytes).base64EncodedString()
    }

    @Test("Damaged streams are refused and never read past their end", arguments: [zlib, bzip2])
    func damage(compression: String) throws {
        let whole = compression == Self.zlib ? Self.dynamic : Self.bzipped
        let bytes = Array(try #require(Data(base64Encoded: whole)))
        for length in stride(from: 0, to: bytes.count, by: 3) {
            let cut = Data(bytes.prefix(length)).base64EncodedString()
            #expect(throws: TaskMessageError.self) { try message(cut, compression).call() }
        }
        for place in bytes.indices {
            var damaged = bytes
            damaged[place] ^= 0x55
            // A flipped bit may leave it readable in parts nobody looks at; what counts is that nothing traps.
            _ = try? message(Data(damaged).base64EncodedString(), compression).call()
        }
    }

    // zlib.compress(text, 9), zlib.compress(text, 0), the same with Z_FIXED, bz2.compress(text)
    private static let dynamic = """
        eNolUDluwzAQ/Iqg2k3afMVwMbPcgwvDXaogD8o7/DHP2gIliOSce72eoH3W8fw3RgNtxu6kMQFiwTorN0O7ptWqjDKH0UVbIjQC\
        JWQVgHQzkfSwlhHuwcydsLKl5ShH6nxHmOwQtpcz6GFrHJeZOSXlbls4bgmCTnnGaO6osSoSXQaxx3AwIvUIYNiUeiiAQurbCmBW\
        aJ9SGKD+VSEyl2BeOk69oaiFaK/a6igtUzeFw9a92JpBTk/OBr3UVd7yG/ROC40HKVI1czL2poZJn/p8j5MM8x7AVo7ENJyUQuG8\
        XY7f83F+H19/l+Pxc7/fXtHdo0Q=
        """
    private static let stored = """
        eAEBpwFY/ltbImFiY2FiY2FiYyDDqWNiZmphYWpjY2JqamdiY2JnYWFiYWRhY2pnaGdpYmZhYWJqYmNoZGhnZmhjZWFjYmVhYmNk\
        YWFqamFmYWhiYWRoaGFhYWdlY2NhZGFhYWFiaGRjYmFlZWZiZ2dpZ2FjaGNkaGNkZWFoZWFnYmFlaWZmY2phYWFmY2lkZWJmYmVm\
        Y2RnYWFiZGNjY2ViaGFhZWVjaWJhZWJpY2NhYWJlYmNlYWZiaGRjaWZoZGhoYWhiYmFqaGNhaWRlY2FkYWNhYWJoYWFqYWJkY2Fo\
        YWFlYmNqYWZjYmFhYmNjYmFqZ2FjY2NoYWplYWFiYWFhYWphYWplYmVhZmdnZGZjYmVoYWJhZ2FiYWZpZ2FoYWZqZWhoaWFjYmNh\
        aGNoYmFlZmNhaWFnYWVhYWpiY2dhYWFnYmFlYWFhamRkYWFjYWFhZWJhY2JjaWdjZmdmaGFnY2hiaGpiZ2JiYWpqaWJiY2JiZWNk\
        aGNiZGFjamdiYmZjZWpiaGpiaWFqYWdhaWNjYWJjY2JjYmJhIl0sIHsibiI6IDF9LCBudWxsXdHdo0Q=
        """
    private static let fixed = """
        eAGLjlZKTEqGIIXDK5OT0rISE7OSk5OystKTkpPSExOTElMSk7PSM9Izk9KAvKyk5IyUjPS0jOTUxOSkVKC2FKCGrMS0xAygyoyM\
        xMTE9NTkZKAmIEjKSElOSkxNTUtKT89MT0zOSE4BotTEjNTEdKB4ZlpaMtC6xLTkzJTUpLSk1LTkFJCNKcnJyalJQKNSU5MzgeqS\
        MoEGJialJgHtTAOZmZmWAbIqIykpMSsjORGoG2QhSA1QUxbIgESQ7iSg6WlABwAdCSSzgA5ITs5IzEoFeSoRpBDIBnohLT09Bags\
        NQMonA7EaUCnZiSmZaVmZGQC/Qg0KxnoN6DjEjOB8kDdwDBIB/kzCcRJzEoB+hVoN9A+kOrM9OQ0YPAkpgM1ZWQlpYPcmJWZBAzM\
        pFSQ95PAwZmUlJacmgVSkAl0R3oiyIcgVwJVJSrF6ihUK+UpWSkY1uoo5JXm5MQCANHdo0Q=
        """
    private static let bzipped = """
        QlpoOTFBWSZTWc3BRNIAAAfblEAAUAQgEAAKP/UCCgAgCAAwASwENU/SNMpkyDE0FAANAyZA1T8ERKQAA4koneO+feJ0WCZYWIHK\
        UzfFwilRhnYHYs8DFDbo9i3X4N/ft6INE8eBE+bhafTy21bvsdMN0+U8BIMxTMrcDwGStXxCt+ZwVFgpXk2xjLM/T7RbmpFBB+vd\
        LsGI03+2+jjHe8wTvdQcnw3HkzNaM8epk6TydHV5MJpyAzYzXWsvYCUMWNGInE33uPgapi18qJ8jDeHenMdNg6snWSd6FZobc4Rz\
        mg1bzXIcU4gfi7EN5wsDTcKRka6t3g6+T8XckU4UJDNwUTSA
        """
}
