public import QueueProtocol

/// A page in a real, headless Chromium, driven as a person would: look, click, wait, look again.
public enum BrowserPage {
    /// One step on the page.
    public enum Step: Sendable {
        /// Goes to another address and waits until it is loaded.
        case go(String)
        /// Clicks what this CSS selector finds first; waits until it is there.
        case click(String)
        /// Waits until this JavaScript expression is true.
        case until(String)
        /// Notes the value of this JavaScript expression.
        case read(String)
        /// Takes a picture into this PNG file.
        case picture(String)

        var words: [String] {
            switch self {
            case .go(let address): ["go", address]
            case .click(let selector): ["click", selector]
            case .until(let expression): ["until", expression]
            case .read(let expression): ["read", expression]
            case .picture(let path): ["picture", path]
            }
        }
    }

    /// What was seen.
    public struct Visit: Sendable {
        /// The values of the ``Step/read(_:)`` steps, in order.
        public let values: [JSONValue]
        /// What the page complained of: exceptions, console errors, requests that failed.
        public let complaints: [String]
    }

    /// Opens a page and goes through steps.
    ///
    /// - Parameters:
    ///   - address: The page's address.
    ///   - steps: What to do there.
    ///   - bound: The longest it may take.
    /// - Returns: What was seen.
    /// - Throws: `TestKitError` where a step cannot be done; `WaitTimedOut`.
    public static func visit(
        _ address: String, _ steps: [Step], within bound: Duration = .seconds(300)
    ) async throws -> Visit {
        let script = ([.go(address)] + steps).map(\.words)
        let done = try await PythonProgram.run(driver, [try JSONText.string(script)], within: bound)
        guard done.exit == .code(0) else { throw TestKitError("\(address): \(done.output)\n\(done.errors)") }
        let seen = try JSONText.decode(JSONValue.self, from: done.output)
        return Visit(
            values: seen["values"]?.arrayValue ?? [],
            complaints: seen["complaints"]?.arrayValue?.compactMap(\.stringValue) ?? [])
    }

    /// Speaks Chromium's own protocol; Tornado comes with Flower.
    private static let driver = """
        import asyncio, base64, json, os, re, subprocess, sys, tempfile
        from tornado.websocket import websocket_connect

        async def drive(address, script):
            socket = await websocket_connect(address, max_message_size=1 << 28)
            number, waiting, values, complaints, loaded = 0, {}, [], [], asyncio.Event()

            async def listen():
                while (text := await socket.read_message()) is not None:
                    message = json.loads(text)
                    details = message.get("params", {})
                    if message.get("id") in waiting:
                        waiting.pop(message["id"]).set_result(message)
                    elif message.get("method") == "Page.loadEventFired":
                        loaded.set()
                    elif message.get("method") == "Runtime.exceptionThrown":
                        complaints.append(json.dumps(details["exceptionDetails"])[:500])
                    elif message.get("method") == "Log.entryAdded" and details["entry"]["level"] == "error":
                        complaints.append(f"{details['entry']['text']} {details['entry'].get('url', '')}")
                    elif message.get("method") == "Runtime.consoleAPICalled" and details["type"] == "error":
                        complaints.append(json.dumps(details["args"])[:500])
                    elif message.get("method") == "Network.responseReceived" and details["response"]["status"] >= 400:
                        complaints.append(f"{details['response']['status']} {details['response']['url']}")

            async def call(method, session=None, **arguments):
                nonlocal number
                number += 1
                # Held here: the answer may have come, and gone from the table, before the writing is over.
                answered = waiting[number] = asyncio.get_running_loop().create_future()
                await socket.write_message(json.dumps(
                    {"id": number, "method": method, "params": arguments, **({"sessionId": session} if session else {})}))
                answer = await answered
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']}")
                return answer["result"]

            listening = asyncio.ensure_future(listen())
            target = (await call("Target.createTarget", url="about:blank"))["targetId"]
            session = (await call("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network"):
                await call(f"{domain}.enable", session)

            async def evaluate(expression):
                answer = await call("Runtime.evaluate", session, expression=expression, returnByValue=True)
                if "exceptionDetails" in answer:
                    raise SystemExit(f"{expression}: {answer['exceptionDetails']}")
                return answer["result"].get("value")

            async def until(expression):
                while not await evaluate(expression):
                    await asyncio.sleep(0.05)

            for step, word in script:
                print("step", step, word[:200], file=sys.stderr, flush=True)
                if step == "go":
                    loaded.clear()
                    await call("Page.navigate", session, url=word)
                    await loaded.wait()
                elif step == "click":
                    found = f"document.querySelector({json.dumps(word)})"
                    await until(f"{found} !== null")
                    await evaluate(f"{found}.click()")
                elif step == "until":
                    await until(word)
                elif step == "read":
                    values.append(await evaluate(word))
                elif step == "picture":
                    shot = await call("Page.captureScreenshot", session, captureBeyondViewport=True)
                    with open(word, "wb") as file:
                        file.write(base64.b64decode(shot["data"]))
            listening.cancel()
            return {"values": values, "complaints": complaints}

        profile = tempfile.mkdtemp(dir=".")
        browser = subprocess.Popen(
            ["chromium-headless-shell", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run",
             "--window-size=1500,1000", "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env={**os.environ, "HOME": profile})
        try:
            for line in browser.stderr:
                if found := re.search("listening on (ws://.*)", line):
                    break
            else:
                raise SystemExit("Chromium did not start")
            print(json.dumps(asyncio.run(drive(found.group(1).strip(), json.loads(sys.argv[1])))))
        finally:
            browser.terminate()
            browser.wait()
        """
}
