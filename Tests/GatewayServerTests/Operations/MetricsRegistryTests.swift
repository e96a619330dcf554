import Testing

@testable import GatewayServer

@Suite("Prometheus text") struct MetricsRegistryTests {
    @Test func escapesLabelsAndAddsUpBuckets() async {
        let metrics = HTTPMetrics()
        metrics.requestBegan()
        metrics.requestEnded(route: "a\"b\\c\nd", method: "BREW", status: 200, after: .milliseconds(3))
        metrics.requestBegan()
        metrics.requestEnded(route: "a\"b\\c\nd", method: "GET", status: 200, after: .seconds(60))
        let text = await MetricsRegistry([{ metrics.families() }]).text()
        let route = #"route="a\"b\\c\nd""#
        #expect(text.contains("studio_http_requests_total{\(route),method=\"other\",status=\"200\"} 1\n"))
        #expect(text.contains("studio_http_request_seconds_bucket{\(route),le=\"0.0025\"} 0\n"))
        #expect(text.contains("studio_http_request_seconds_bucket{\(route),le=\"0.005\"} 1\n"))
        #expect(text.contains("studio_http_request_seconds_bucket{\(route),le=\"10.0\"} 1\n"))
        #expect(text.contains("studio_http_request_seconds_bucket{\(route),le=\"+Inf\"} 2\n"))
        #expect(text.contains("studio_http_request_seconds_count{\(route)} 2\n"))
        #expect(text.contains("studio_http_requests_under_way 0\n"))
    }
}
