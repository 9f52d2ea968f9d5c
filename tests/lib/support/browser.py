# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Chromium without a screen, driven by selenium."""

import base64
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

__all__ = ["MISSING", "Browser"]

_BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or ""
_DRIVER = shutil.which("chromedriver") or ""
#: What `make chromium` has to install.
MISSING = tuple(name for name, path in (("chromium", _BROWSER), ("chromedriver", _DRIVER)) if not path)

_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


class Browser:
    """A browser with a profile of its own, which is removed with it."""

    def __init__(self) -> None:
        self._profile = tempfile.TemporaryDirectory(prefix="fm-browser-", ignore_cleanup_errors=True)
        options = Options()
        options.binary_location = _BROWSER
        for argument in (*_ARGUMENTS, f"--user-data-dir={self._profile.name}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver: Any = webdriver.Chrome(options, Service(_DRIVER))
        self.driver.set_page_load_timeout(30)
        self.driver.set_script_timeout(30)

    def __enter__(self) -> "Browser":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.driver.quit()
        self._profile.cleanup()

    def look(self, *, width: int, height: int = 900, dark: bool = False, scale: float = 1) -> None:
        """Have a screen of so many pixels, and like light or dark pages; nothing moves by itself."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False},
        )
        wanted = {"prefers-color-scheme": "dark" if dark else "light", "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in wanted.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def open(self, url: str) -> None:
        """Go to a page."""
        self.driver.get(url)

    def run(self, script: str, *arguments: Any) -> Any:
        """Run JavaScript, the body of a function; returns what it returns."""
        return self.driver.execute_script(script, *arguments)

    def wait_for(self, condition: str, seconds: float = 60) -> Any:
        """Wait, in the page, until an expression in JavaScript is true; returns its value."""
        self.driver.set_script_timeout(seconds)
        return self.driver.execute_async_script(
            "const [done] = arguments, check = () => { const found = (() => (" + condition + "))();"
            " if (found) done(found); else setTimeout(check, 50); }; check();"
        )

    def errors(self) -> list[str]:
        """What the page has written to the console since it was asked for this the last time."""
        return [f"{each['level']}: {each['message']}" for each in self.driver.get_log("browser")]

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """Write what is seen, or the whole page, as a PNG."""
        found = self.driver.execute_cdp_cmd(
            "Page.captureScreenshot", {"format": "png", "captureBeyondViewport": whole}
        )
        path.write_bytes(base64.b64decode(found["data"]))
