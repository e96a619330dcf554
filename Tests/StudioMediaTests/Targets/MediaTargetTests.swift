import Foundation
import StudioMedia
import Testing

@Suite struct MediaTargetTests {
    @Test(arguments: [
        (ContainerKind.mov, VideoCodec.vp9), (.webm, .h264), (.mp4, .prores), (.mkv, .dnxhr), (.wav, .h264),
        (.m4a, .hevc), (.webm, .prores), (.mov, .av1),
    ])
    func whatAContainerCannotHoldIsRefusedByName(container: ContainerKind, codec: VideoCodec) throws {
        let error = try #require(throws: MediaError.self) {
            try MediaTarget(container: container, video: VideoTarget(codec: codec), audio: nil)
        }
        #expect(error.code == .parametersInvalid)
        #expect(error.message.contains(codec.title) && error.message.contains(container.title), "\(error.message)")
    }

    @Test(arguments: [
        (ContainerKind.webm, AudioCodec.aac), (.mov, .opus), (.flac, .aac), (.wav, .flac), (.m4a, .pcm16),
        (.mp4, .pcm24),
        (.ogg, .aac),
    ])
    func soundToo(container: ContainerKind, codec: AudioCodec) throws {
        let error = try #require(throws: MediaError.self) {
            try MediaTarget(container: container, video: nil, audio: AudioTarget(codec: codec))
        }
        #expect(error.message.contains(codec.title) && error.message.contains(container.title), "\(error.message)")
    }

    @Test(arguments: [
        (VideoTarget(codec: .h264, profile: .hq), "H.264", "hq"),
        (VideoTarget(codec: .prores, profile: .lb), "ProRes", "lb"),
        (VideoTarget(codec: .dnxhr, rate: .factor(20)), "DNxHR", "rate factor"),
        (VideoTarget(codec: .prores, rate: .bits(1_000_000)), "ProRes", "bit rate"),
        (VideoTarget(codec: .hevc, rate: .factor(52)), "HEVC", "51"),
        (VideoTarget(codec: .h264, rate: .bits(100)), "bit rate", "100"),
        (VideoTarget(codec: .av1, chroma: .full), "AV1", "444"),
        (VideoTarget(codec: .h264, alpha: true), "H.264", "transparency"),
        (VideoTarget(codec: .prores, profile: .hq, alpha: true), "ProRes", "4444"),
        (VideoTarget(codec: .vp9, depth: .ten, alpha: true), "VP9", "8 bits"),
        (VideoTarget(keyFrames: .every(frames: 0)), "key frame", "0"),
        (VideoTarget(keyFrames: .atMost(seconds: .nan)), "key frame", "nan"),
    ])
    func whatACodecCannotDoIsRefusedByName(target: VideoTarget, first: String, second: String) throws {
        let error = try #require(throws: MediaError.self) { try target.check() }
        #expect(error.code == .parametersInvalid)
        #expect(error.message.contains(first) && error.message.contains(second), "\(error.message)")
    }

    @Test(arguments: [
        AudioTarget(codec: .flac, bitRate: 96_000), AudioTarget(bitRate: 10), AudioTarget(sampleRate: 44_000),
        AudioTarget(codec: .opus, sampleRate: 44_100), AudioTarget(codec: .pcm16, sampleRate: 1),
    ])
    func soundThatCannotBeIsRefused(target: AudioTarget) throws {
        let error = try #require(throws: MediaError.self) { try target.check() }
        #expect(error.code == .parametersInvalid)
    }

    @Test func everyContainerHasAUsualTarget() throws {
        for container in ContainerKind.allCases {
            let video = container.usualVideo.map { VideoTarget(codec: $0) }
            let target = try MediaTarget(
                container: container, video: video, audio: AudioTarget(codec: container.usualAudio))
            let coded = try JSONEncoder().encode(target)
            #expect(try JSONDecoder().decode(MediaTarget.self, from: coded) == target)
        }
        let impossible = Data(#"{"container":"webm","audio":{"codec":"aac","quality":"low","channels":"keep"}}"#.utf8)
        #expect(throws: MediaError.self) { try JSONDecoder().decode(MediaTarget.self, from: impossible) }
        #expect(throws: MediaError.self) { try MediaTarget(video: nil, audio: nil) }
    }
}
