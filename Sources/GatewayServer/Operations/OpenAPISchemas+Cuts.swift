import StudioCore

extension OpenAPISchemas {
    static let cutName = OpenAPISchema.text(pattern: "^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$")

    /// Cuts of takes.
    static let cuts: [(String, OpenAPISchema)] = [
        (
            "Shot",
            .object(
                [
                    ("take", .id("The take it is from.")),
                    ("file", .text("Or the file of the project.")),
                    (
                        "shot",
                        .text(
                            "Or the shot whose circled take it is, else the newest take of its newest version.",
                            pattern: "^[A-Z0-9][A-Z0-9-]{0,31}$")
                    ),
                    ("in", .count("The first frame that is used, from 0, in the source's frames; default its first.")),
                    ("out", .count("The frame after the last that is used; default the source's end.")),
                    (
                        "dissolve",
                        .count(
                            "Frames over which it comes in, from its beginning on: a dissolve from the shot before, or of "
                                + "the first a fade from black. Default 0.")
                    ),
                    ("fadeOut", .count("Frames over which the last shot goes out to black. Default 0.")),
                ], optional: ["take", "file", "shot", "in", "out", "dissolve", "fadeOut"], isClosed: true)
        ),
        (
            "NewCut",
            .object(
                [
                    ("shots", .list(.named("Shot"), "1 to \(ShotList.most) of them, in their order.")),
                    ("startTimecode", .text("The timecode of the first frame, such as `01:00:00:00`; default none.")),
                    ("replace", .flag("Whether files that are there are replaced; default false.")),
                ], optional: ["startTimecode", "replace"], isClosed: true)
        ),
        (
            "NewExport",
            .object(
                [
                    ("name", cutName),
                    (
                        "cut",
                        .either(
                            [.text(), .list(.named("Shot"))],
                            "The path of an `.otio` or `.edl` file below `04_Project_Files/`, or the shots in their order."
                        )
                    ),
                    ("replace", .flag("Whether an export of this name that is there is replaced; default false.")),
                    (
                        "gaps",
                        .word(["refuse", "black"], "Whether gaps are refused by name, or black. Default refuse.")
                    ),
                    ("quality", quality), ("priority", .whole(0...9, "The higher the sooner; default 5.")),
                    (
                        "split",
                        split(
                            "Whether the film is made in chunks by several jobs and joined without encoding it again. Default "
                                + "auto: where several machines have workers for it and the film is long enough.")
                    ),
                    (
                        "target",
                        .map(
                            .anything("As the schema of the function `conform` says."),
                            "How the film is encoded: `container`, `videoCodec`, `width` and so on. Size, rate and rate of "
                                + "samples are the project's by default.")
                    ),
                ], optional: ["replace", "gaps", "quality", "priority", "split", "target"], isClosed: true)
        ),
        (
            "Cut",
            .object([
                ("name", cutName), ("files", .list(.text(), "Their paths in the project.")), ("frames", .count()),
                ("frameRate", .text("Such as `24/1`.")),
                ("shots", .list(.text(), "The shots as they are seen, in order.")),
                ("notes", .list(.text(), "What one might not expect: gaps, why there is no EDL.")),
            ])
        ),
    ]
}
