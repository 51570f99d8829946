"""A headless Chromium, driven by the WebDriver protocol over plain HTTP: what chromedriver speaks, without a client library."""

import base64
import json
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import Any

CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome", "chrome") if (found := shutil.which(name))), None)
DRIVER = shutil.which("chromedriver")
MISSING = None if CHROMIUM and DRIVER else "needs Chromium and chromedriver (Debian: chromium, chromium-driver)"
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
_OPTIONS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
]


class Browser:
    """One window."""

    def __init__(self, address: str) -> None:
        self._address = address
        options = {"binary": CHROMIUM, "args": _OPTIONS}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        made = self._send("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._session = f"/session/{made['sessionId']}"

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        data = None if method in ("GET", "DELETE") else json.dumps(body or {}).encode()
        request = urllib.request.Request(self._address + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(json.load(error)["value"]["message"]) from None

    def close(self) -> None:
        self._send("DELETE", self._session)

    def cdp(self, command: str, **parameters: Any) -> Any:
        """A command of the browser's own debugging protocol."""
        return self._send("POST", f"{self._session}/goog/cdp/execute", {"cmd": command, "params": parameters})

    def open(self, page: Path, *, width: int = 1280, height: int = 900, dark: bool = False, mobile: bool = False) -> None:
        """Load a file at a size of the window, in light or dark."""
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)
        self.media(dark=dark)
        address = page.absolute().as_uri()
        self._send("POST", f"{self._session}/url", {"url": address})
        # The driver can take the end of the page before for the end of this one: a busy machine then sees half of it.
        self._until_complete(address)

    def _until_complete(self, address: str, *, tries: int = 600) -> None:
        complete = f"document.URL === {json.dumps(address)} && document.readyState === 'complete'"
        for _ in range(tries):
            if self.cdp("Runtime.evaluate", expression=complete, returnByValue=True)["result"].get("value"):
                return
            sleep(0.1)
        raise AssertionError(f"{address} did not load")

    def media(self, *, dark: bool = False, paper: bool = False) -> None:
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.cdp("Emulation.setEmulatedMedia", media="print" if paper else "", features=features)

    def run(self, script: str, *arguments: Any) -> Any:
        """What a function body returns, run in the page."""
        return self._send("POST", f"{self._session}/execute/sync", {"script": script, "args": list(arguments)})

    def find(self, selector: str) -> list[str]:
        found = self._send("POST", f"{self._session}/elements", {"using": "css selector", "value": selector})
        return [each[_ELEMENT] for each in found]

    def click(self, selector: str) -> None:
        self._send("POST", f"{self._session}/element/{self.find(selector)[0]}/click")

    def type(self, selector: str, text: str) -> None:
        self._send("POST", f"{self._session}/element/{self.find(selector)[0]}/value", {"text": text})

    def shows(self, selector: str) -> bool:
        """Whether the first such element takes up room, which is known without running a script."""
        return bool(self._send("GET", f"{self._session}/element/{self.find(selector)[0]}/rect")["height"])

    def press(self, *keys: str) -> None:
        """Press keys one after another, wherever the focus is."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._send("POST", f"{self._session}/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def log(self) -> list[str]:
        """What the page wrote to the console since the last time: errors of scripts and violations of its policy among them."""
        return [entry["message"] for entry in self._send("POST", f"{self._session}/se/log", {"type": "browser"})]

    def screenshot(self, to: Path, *, whole: bool = False) -> None:
        answer = self.cdp("Page.captureScreenshot", captureBeyondViewport=whole)
        to.write_bytes(base64.b64decode(answer["data"]))


@contextmanager
def browser() -> Iterator[Browser]:
    """A fresh browser, and its end."""
    assert DRIVER is not None
    process = subprocess.Popen([DRIVER, "--port=0"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = next(match[1] for line in process.stdout if (match := re.search(r"successfully on port (\d+)", line)))
        window = Browser(f"http://127.0.0.1:{port}")
        try:
            yield window
        finally:
            window.close()
    finally:
        process.terminate()
        process.communicate()
