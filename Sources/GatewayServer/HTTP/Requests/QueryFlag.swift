import Hummingbird
import HummingbirdCore
import StudioCore

extension Request {
    /// Whether the query says `name=true`; false where it says `false` or nothing, `validation-failed` for other words.
    func flag(_ name: String) throws(StudioError) -> Bool {
        switch uri.queryParameters[name[...]] {
        case nil, "false"?: return false
        case "true"?: return true
        case _?:
            throw .invalid([Finding(pointer: "/\(name)", code: "format", detail: "\(name) is true or false")])
        }
    }
}
