import FoundationEssentials
import HTTPTypes
import QueueProtocol
import StudioSystem

/// The contract as a page to be read: made of the same description as the OpenAPI document, without any script and without
/// anything from elsewhere.
enum DocsPage {
    /// The page.
    static let html = make()

    /// A policy that allows the page its own style and nothing else.
    static var contentSecurityPolicy: String {
        let digest = Data(SHA256.digest(of: style.utf8).bytes).base64EncodedString()
        return "default-src 'none'; style-src 'sha256-\(digest)'; frame-ancestors 'none'; base-uri 'none'"
    }

    private static let style = """
        body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;color:#1d1d1f;background:#fff}
        h1,h2,h3{line-height:1.2}h2{border-bottom:1px solid #ccc;margin-top:3rem}section{margin:1.5rem 0 2.5rem}
        code{font:.9em ui-monospace,monospace;background:#f2f2f4;padding:.1em .3em;border-radius:3px}
        pre{background:#f2f2f4;padding:.8rem;overflow:auto;border-radius:4px}pre code{background:none;padding:0}
        table{border-collapse:collapse;width:100%;margin:.5rem 0}td,th{text-align:left;vertical-align:top;padding:.3rem .6rem;
        border-bottom:1px solid #ddd}th{font-weight:600}.method{font-weight:700}nav ul{columns:2;list-style:none;padding:0}
        .note{color:#555}@media(prefers-color-scheme:dark){body{background:#1b1b1d;color:#eee}code,pre{background:#2b2b2f}
        td,th{border-color:#444}h2{border-color:#555}a{color:#8ab4ff}.note{color:#aaa}}
        """

    private static func make() -> String {
        var page = """
            <!doctype html><html lang="en"><head><meta charset="utf-8">\
            <meta name="viewport" content="width=device-width,initial-scale=1"><title>\(text(OpenAPIDocument.title)) · API\
            </title><style>\(style)</style></head><body><h1>\(text(OpenAPIDocument.title))</h1>\
            <p>\(prose(OpenAPIDocument.summary))</p><p>The same for programs: <a href="/openapi.json">openapi.json</a>, \
            version \(OpenAPIDocument.version).</p><nav><ul>
            """
        for tag in OpenAPIDocument.tags { page += "<li><a href=\"#\(tag)\">\(text(tag))</a></li>" }
        page += "<li><a href=\"#schemas\">Schemas</a></li><li><a href=\"#problems\">Problems</a></li></ul></nav>"
        for tag in OpenAPIDocument.tags {
            page += "<h2 id=\"\(tag)\">\(text(tag))</h2>"
            for operation in OpenAPIPaths.all where operation.tag == tag { page += section(operation) }
        }
        page += "<h2 id=\"schemas\">Schemas</h2>"
        for (name, schema) in OpenAPISchemas.all {
            let json = (try? JSONText.document(schema.json)).map { String(decoding: $0, as: UTF8.self) } ?? ""
            page += "<section id=\"schema-\(name)\"><h3>\(name)</h3><pre><code>\(text(json))</code></pre></section>"
        }
        page += "<h2 id=\"problems\">Problems</h2><table><tr><th>Status</th><th>Type</th><th>Title</th></tr>"
        for kind in Problem.kinds.sorted(by: { ($0.status.code, $0.code) < ($1.status.code, $1.code) }) {
            page += "<tr><td>\(kind.status.code)</td><td><code>/problems/\(kind.code)</code></td>"
            page += "<td>\(text(kind.title))</td></tr>"
        }
        return page + "</table></body></html>\n"
    }

    private static func section(_ operation: OpenAPIOperation) -> String {
        var html = "<section id=\"\(operation.id)\"><h3><span class=\"method\">\(operation.method)</span> "
        html += "<code>\(text(operation.path))</code></h3><p>\(prose(operation.summary)).</p>"
        if !operation.detail.isEmpty { html += "<p>\(prose(operation.detail))</p>" }
        html +=
            "<p class=\"note\">\(operation.permission.map { "Needs a token that may <code>\($0)</code>." } ?? "Open to all.")</p>"
        if !operation.allParameters.isEmpty {
            html += "<table><tr><th>Parameter</th><th>In</th><th></th></tr>"
            for parameter in operation.allParameters {
                html += "<tr><td><code>\(text(parameter.name))</code></td><td>\(parameter.place.rawValue)"
                html += "\(parameter.isRequired ? ", required" : "")</td><td>\(prose(parameter.detail))</td></tr>"
            }
            html += "</table>"
        }
        if let body = operation.body { html += "<p>Body: \(content(body)).</p>" }
        html += "<table><tr><th>Status</th><th></th></tr>"
        for answer in operation.answers {
            let contents = answer.contents.map(content).joined(separator: ", ")
            html += "<tr><td>\(answer.status)</td><td>\(prose(answer.detail)) \(contents)</td></tr>"
        }
        for kind in operation.allProblems where !OpenAPIOperation.bordersProblems.contains(kind) {
            html += "<tr><td>\(kind.status.code)</td><td><code>\(kind.code)</code></td></tr>"
        }
        return html + "</table></section>"
    }

    private static func content(_ content: OpenAPIOperation.Content) -> String {
        let media = "<code>\(text(content.mediaType))</code>"
        let reference = content.schema.json["$ref"] ?? content.schema.json["properties"]?["items"]?["items"]?["$ref"]
        guard let name = reference?.stringValue?.split(separator: "/").last else { return media }
        return "\(media) <a href=\"#schema-\(name)\">\(name)</a>"
    }

    /// Text with what stands between backticks as code.
    private static func prose(_ source: String) -> String {
        source.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .map { $0.offset.isMultiple(of: 2) ? text(String($0.element)) : "<code>\(text(String($0.element)))</code>" }
            .joined()
    }

    private static func text(_ source: String) -> String {
        var escaped = ""
        for character in source {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
