import StudioCore
import StudioTransfer

extension ComfyServer {
    /// What a worker's doctor finds out about a server.
    static func diagnoses(of address: ComfyAddress) async -> [Diagnosis] {
        let check = "comfyui \(address.label)"
        let server = ComfyServer(address: address, http: HTTPClient())
        do {
            let waiting = try await server.remaining()
            let version = await server.version()
            return [Diagnosis(check, .ok, "version \(version ?? "unknown"), \(waiting) prompts run or wait")]
        } catch {
            return [
                Diagnosis(
                    check, .failed, "\(error)",
                    remedy:
                        "start it with --listen, or take it out of COMFYUI_URLS; a user and a password may be missing")
            ]
        }
    }
}
