import FoundationEssentials

extension Identifier where Subject == JobSubject {
    /// The id of the job that a Celery task asks for: the task's own where that is a UUID, as Python makes them, otherwise
    /// one that is always the same for this task (UUIDv5, RFC 9562, of the task's id).
    ///
    /// - Parameter task: The task's id.
    public init(celeryTask task: String) {
        self.init(uuid: UUIDText.uuid(task) ?? NamedUUID.make(task))
    }
}

/// UUIDs made from names.
enum NamedUUID {
    /// What names of Celery's tasks are in; a UUID of our own.
    private static let space: [UInt8] = [
        0x5B, 0x0F, 0x83, 0x1E, 0x2C, 0x47, 0x4D, 0x0A, 0x9A, 0x6E, 0x0D, 0x3B, 0x7C, 0x51, 0xE8, 0x24,
    ]

    static func make(_ name: String) -> UUID {
        let hash = sha1(space + Array(name.utf8))
        return UUID(
            uuid: (
                hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6] & 0x0F | 0x50, hash[7],
                hash[8] & 0x3F | 0x80, hash[9], hash[10], hash[11], hash[12], hash[13], hash[14], hash[15]
            ))
    }

    /// SHA-1, which UUIDv5 is made with; for nothing that has to resist anybody.
    static func sha1(_ message: [UInt8]) -> [UInt8] {
        var padded = message + [0x80]
        while padded.count % 64 != 56 { padded.append(0) }
        let bits = UInt64(message.count) * 8
        padded += (0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64(56 - $0 * 8)) }
        var state: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
        for start in stride(from: 0, to: padded.count, by: 64) {
            var words = (0..<16).map { word in
                padded[start + word * 4..<start + word * 4 + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            }
            for place in 16..<80 {
                words.append(turned(words[place - 3] ^ words[place - 8] ^ words[place - 14] ^ words[place - 16], 1))
            }
            var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
            for (round, word) in words.enumerated() {
                let mixed: (UInt32, UInt32) =
                    switch round {
                    case 0..<20: (b & c | ~b & d, 0x5A82_7999)
                    case 20..<40: (b ^ c ^ d, 0x6ED9_EBA1)
                    case 40..<60: (b & c | b & d | c & d, 0x8F1B_BCDC)
                    default: (b ^ c ^ d, 0xCA62_C1D6)
                    }
                let next = turned(a, 5) &+ mixed.0 &+ e &+ mixed.1 &+ word
                (a, b, c, d, e) = (next, a, turned(b, 30), c, d)
            }
            for (place, value) in [a, b, c, d, e].enumerated() { state[place] &+= value }
        }
        return state.flatMap { word in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> $0) } }
    }

    private static func turned(_ word: UInt32, _ by: UInt32) -> UInt32 { word << by | word >> (32 - by) }
}
