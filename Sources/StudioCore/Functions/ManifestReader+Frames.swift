import QueueProtocol

extension ManifestReader {
    /// `frames`: how a function is asked for every Nth frame only.
    ///
    /// - Parameter schema: The function's parameters, which must have the one that is named, a whole number whose default
    ///   is 1.
    /// - Returns: The parameter's name; nil where the function makes all its frames.
    mutating func frameStep(schema: ParameterSchema?) -> String? {
        guard let value = members["frames"] else { return nil }
        for key in (value.objectValue ?? [:]).keys.sorted() where key != "step" {
            find("/frames/" + JSONPointer.escaped(key), "is not a member of frames", code: "unknown-member")
        }
        guard let name = value["step"]?.stringValue else {
            find("/frames/step", "is required: the parameter that says every which frame is made", code: "required")
            return nil
        }
        guard let schema else { return nil }
        let isStep =
            schema.defaults[name] == .integer(1)
            && schema.check(.object(schema.defaults.merging([name: .integer(1)]) { $1 }), pointer: "").allSatisfy {
                !$0.pointer.hasPrefix("/" + JSONPointer.escaped(name))
            }
        guard isStep else {
            find("/frames/step", "\(name) is no whole-number parameter with the default 1")
            return nil
        }
        return name
    }
}
