"""As much of WebDriver (https://www.w3.org/TR/webdriver2/) as the tests need."""

from __future__ import annotations

import base64
import http.client
import json
import re
import subprocess

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any
from typing import Final


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence
    from pathlib import Path


_ELEMENT: Final = "element-6066-11e4-a52e-4f735466cecf"
_TIMEOUT_S: Final = 60
_STARTS: Final = 3

CONTROL: Final = "\ue009"
ENTER: Final = "\ue007"
ESCAPE: Final = "\ue00c"
END: Final = "\ue010"
HOME: Final = "\ue011"
LEFT: Final = "\ue012"
UP: Final = "\ue013"
RIGHT: Final = "\ue014"
DOWN: Final = "\ue015"
TAB: Final = "\ue004"
"""Keys: https://www.w3.org/TR/webdriver2/#keyboard-actions."""


@dataclass(frozen=True)
class Browser:
    """A session of one window.

    Attributes:
        port: Where the driver listens, on this machine.
        session: Its path in all requests.
    """

    port: int
    session: str

    def call(self, method: str, path: str, **body: object) -> Any:
        """Asks the driver for something, and returns the value that it answers."""
        return _call(self.port, method, f"{self.session}{path}", body)

    def devtools(self, command: str, **parameters: object) -> Any:
        """Calls Chromium's own protocol."""
        return self.call("POST", "/goog/cdp/execute", cmd=command, params=parameters)

    def open(self, path: Path) -> None:
        """Opens a file, and forgets what has been logged before."""
        self.call("POST", "/url", url="about:blank")
        self.log()
        self.call("POST", "/url", url=path.as_uri())

    def emulate(self, scheme: str = "light", motion: str = "reduce") -> None:
        """Prefers a colour scheme, and movement or none."""
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": motion},
        ]
        self.devtools("Emulation.setEmulatedMedia", features=features)

    def resize(self, width: int, height: int, *, mobile: bool = False) -> None:
        """Gives the page so many CSS pixels, and fingers instead of a mouse."""
        self.devtools("Emulation.setTouchEmulationEnabled", enabled=mobile)
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=mobile,
        )

    def run(self, script: str, *arguments: object) -> Any:
        """Runs a function's body in the page."""
        return self.call("POST", "/execute/sync", script=script, args=list(arguments))

    def text(self, selector: str) -> str:
        """What an element says."""
        return str(
            self.run("return document.querySelector(arguments[0]).innerText", selector)
        )

    def click(self, selector: str) -> None:
        """Clicks in the middle of an element."""
        self.call("POST", f"/element/{self._element(selector)}/click")

    def click_at(self, x: float, y: float) -> None:
        """Moves the mouse to a point of the window, and clicks."""
        self._pointer(
            {"type": "pointerMove", "duration": 0, "x": int(x), "y": int(y)},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        )

    def move_to(self, x: float, y: float) -> None:
        """Moves the mouse to a point of the window."""
        self._pointer({"type": "pointerMove", "duration": 0, "x": int(x), "y": int(y)})

    def press(self, *keys: str) -> None:
        """Presses keys, wherever the focus is."""
        actions = [
            {"type": kind, "value": key}
            for key in keys
            for kind in ("keyDown", "keyUp")
        ]
        self._act({"type": "key", "id": "keyboard", "actions": actions})

    def paste(self) -> None:
        """Pastes, wherever the focus is."""
        keys = [("keyDown", CONTROL), ("keyDown", "v"), ("keyUp", "v")]
        actions = [{"type": kind, "value": key} for kind, key in keys]
        release = {"type": "keyUp", "value": CONTROL}
        self._act({"type": "key", "id": "keyboard", "actions": [*actions, release]})

    def screenshot(self) -> bytes:
        """The visible part of the page, as PNG."""
        return base64.b64decode(self.call("GET", "/screenshot"))

    def log(self) -> list[str]:
        """What the console has got since the last call, as errors."""
        return [
            each["message"] for each in self.call("POST", "/se/log", type="browser")
        ]

    def _pointer(self, *actions: dict[str, object]) -> None:
        self._act({"type": "pointer", "id": "mouse", "actions": list(actions)})

    def _act(self, source: dict[str, object]) -> None:
        self.call("POST", "/actions", actions=[source])

    def _element(self, selector: str) -> str:
        found = self.call("POST", "/element", using="css selector", value=selector)
        return str(found[_ELEMENT])


@contextmanager
def chromium(binary: str, driver: str, home: Path) -> Iterator[Browser]:
    """Starts a headless Chromium that reaches this machine only, and ends it.

    Args:
        binary: The browser.
        driver: Its ChromeDriver.
        home: An empty directory for what it keeps.
    """
    arguments = [
        "--headless=new",
        "--no-sandbox",  # which root may not use
        "--disable-dev-shm-usage",  # of which containers have little
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--window-size=1280,1000",
    ]
    with subprocess.Popen(
        [driver, "--port=0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            port = _port(process)
            made = _session(port, binary, arguments, home)
            browser = Browser(port, f"/session/{made['sessionId']}")
            try:
                yield browser
            finally:
                browser.call("DELETE", "")
        finally:
            process.terminate()


def _session(port: int, binary: str, arguments: Sequence[str], home: Path) -> Any:
    """Starts the browser; once more if it ends at once, as it does on busy machines."""
    for number in range(_STARTS):
        options = [*arguments, f"--user-data-dir={home / str(number)}"]
        wanted = {
            "goog:chromeOptions": {"binary": binary, "args": options},
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        capabilities: dict[str, object] = {"capabilities": {"alwaysMatch": wanted}}
        try:
            return _call(port, "POST", "/session", capabilities)
        except AssertionError as error:
            if number + 1 == _STARTS or "session not created" not in str(error):
                raise
    raise AssertionError


def _port(process: subprocess.Popen[str]) -> int:
    said = ""
    assert process.stdout is not None
    for line in process.stdout:
        said += line
        if found := re.search(r"started successfully on port (\d+)", line):
            return int(found[1])
    raise AssertionError(said)


def _call(port: int, method: str, path: str, body: dict[str, object]) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    try:
        connection.request(method, path, json.dumps(body) if method == "POST" else None)
        answer = connection.getresponse()
        value = json.loads(answer.read())["value"]
    finally:
        connection.close()
    assert answer.status == 200, value
    return value
