/// The folders and fixed files of a production: the API between the program and everyone who works on it.
/// Design: workspace, projects, takes.
public enum WorkspaceLayout {
    /// The folder of the projects of the default tenant, below the workspace's root.
    public static let projects = "Projects"
    /// The folder of other tenants, below the workspace's root; each has `Projects` inside.
    public static let tenants = "Tenants"
    /// The folder of the function catalogue, below the workspace's root.
    public static let pipelineTemplates = "Library/Pipeline_Templates"
    /// The name of the tenant whose projects lie at the workspace's root.
    public static let defaultTenant = "studio"

    /// The project folders' parent for a tenant, below the workspace's root.
    ///
    /// - Parameter tenant: The tenant's name.
    /// - Returns: A relative path.
    public static func projectsFolder(tenant: String) -> String {
        tenant == defaultTenant ? projects : "\(tenants)/\(tenant)/\(projects)"
    }

    /// The manifest's path below a project's folder.
    public static let manifest = "project.json"
    /// The main canvas' path below a project's folder.
    public static let mainCanvas = "02_Source_Creative/Canvases/main_canvas.json"
    /// The folder of a project's own model files.
    public static let models = "01_Assets/Models"
    /// The folder of the studio's model files, below the workspace's root, where nothing else is said.
    public static let studioModels = "Library/Models"
    /// The folder of what workers share with their containers that stay, below the workspace's root.
    public static let containers = ".studio/containers"
    /// The folder of finished takes.
    public static let renders = "03_Renders"
    /// The folder of thumbnails, named by take id.
    public static let thumbnails = "05_Cache/thumbnails"
    /// The folder of runners' scratch space.
    public static let jobScratch = "05_Cache/jobs"
    /// The folders that people may upload to through the API.
    public static let uploadable = ["01_Assets", "02_Source_Creative"]

    /// Every folder of a new project; those that Git keeps and that are empty carry `.gitkeep`.
    public static let folders: [String] = [
        "01_Assets/Generative_Assets/Characters", "01_Assets/Generative_Assets/Styles",
        "01_Assets/Generative_Assets/Locations", "01_Assets/Media/Video", "01_Assets/Media/Audio",
        "01_Assets/Media/Images", "01_Assets/Models", "02_Source_Creative/Canvases", "02_Source_Creative/Scripts",
        "03_Renders", "04_Project_Files/Auto_Saves", "04_Project_Files/EDLs",
        "05_Cache/thumbnails", "05_Cache/control_maps", "05_Cache/proxies", "05_Cache/jobs", "06_Exports",
    ]

    /// The folders that Git does not keep.
    public static let ignoredFolders = ["05_Cache", "06_Exports"]

    /// Folders that Git keeps and that a new project leaves empty: they carry `.gitkeep`.
    public static var keptEmptyFolders: [String] {
        folders.filter { folder in
            folder != "02_Source_Creative/Canvases"
                && !ignoredFolders.contains { folder == $0 || folder.hasPrefix($0 + "/") }
        }
    }

    /// The text of `.gitignore`.
    public static let gitignore = """
        # Made again at will; never part of a production's history.
        /05_Cache/
        /06_Exports/
        # What people have not saved yet.
        /04_Project_Files/Auto_Saves/*.json

        """

    /// File types that go through LFS, in lower case, without a dot.
    public static let largeFileExtensions: [String] = [
        "mp4", "mov", "mkv", "webm", "mxf", "avi", "m4v", "mpg", "mpeg", "ts",
        "png", "jpg", "jpeg", "tif", "tiff", "exr", "dpx", "webp", "hdr", "tga", "bmp", "gif", "heic",
        "wav", "flac", "mp3", "aif", "aiff", "m4a", "aac", "ogg", "opus",
        "safetensors", "ckpt", "pt", "pth", "onnx", "gguf", "bin",
        "psd", "psb", "blend", "kra", "abc", "usdc", "usdz", "fbx", "glb",
        "zip", "tar", "gz", "7z",
    ]

    /// The text of `.gitattributes`.
    public static var gitattributes: String {
        var text = "# Media, models and archives go through Git LFS, in any letter case.\n"
        for type in largeFileExtensions {
            text += "*.\(anyCase(type)) filter=lfs diff=lfs merge=lfs -text\n"
        }
        text += "\n# Documents that people and programs read are text with LF on every system.\n"
        text += "*.json text eol=lf\n*.edl text eol=lf\n*.md text eol=lf\n*.txt text eol=lf\n"
        return text
    }

    /// Whether a file of that name goes through LFS.
    ///
    /// - Parameter fileName: A file's name or path.
    /// - Returns: Whether `.gitattributes` sends it there.
    public static func isLargeFile(_ fileName: String) -> Bool {
        guard let dot = fileName.lastIndex(of: "."), !fileName[dot...].contains("/") else { return false }
        return largeFileExtensions.contains(fileName[fileName.index(after: dot)...].lowercased())
    }

    /// A `.gitattributes` pattern for a type in any letter case: `[mM][pP]4`.
    private static func anyCase(_ type: String) -> String {
        var pattern = ""
        for character in type {
            pattern += character.isLetter ? "[\(character)\(character.uppercased())]" : String(character)
        }
        return pattern
    }
}
