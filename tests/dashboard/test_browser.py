# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The dashboard in a browser."""

import signal
import sys
from pathlib import Path

import pytest

from rabbitmq.ports import free_port
from support.browser import Browser
from support.http import wait_until_ready
from support.programs import Programs

pytestmark = pytest.mark.fedora_messaging_real_broker

_PROGRAM = str(Path(sys.executable).parent / "fedora-messaging")
_LIVE = "document.querySelector('#contact')?.textContent === 'Live'"

#: Each text whose contrast to what is behind it is less than WCAG 2.2 asks for at level AA (1.4.3).
_TOO_FAINT = """
const parts = color => color.match(/[\\d.]+/g).map(Number);
const light = color => {
  const [r, g, b] = parts(color).slice(0, 3).map(v => v / 255).map(v =>
    v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = element => {
  for (let each = element; each; each = each.parentElement) {
    const color = getComputedStyle(each).backgroundColor, alpha = parts(color)[3] ?? 1;
    if (alpha === 1) return color;
    if (alpha > 0) throw new Error(`half transparent: ${each.outerHTML}`);
  }
  throw new Error("nothing is behind it");
};
const found = [];
let looked = 0;
for (const element of document.body.querySelectorAll("*")) {
  const own = [...element.childNodes].some(each => each.nodeType === 3 && each.data.trim());
  if (!own || !element.checkVisibility() || element.closest("script")) continue;
  looked += 1;
  const both = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a);
  const contrast = (both[0] + 0.05) / (both[1] + 0.05);
  if (contrast < 4.5) found.push(`${element.textContent}: ${contrast.toFixed(2)}`);
}
return [looked, found];
"""


def test_the_demonstration(programs: Programs, browser: Browser) -> None:
    """Numbers move, the console is empty, dark and light every text can be read, nothing is wider than the
    narrowest screen; nothing moves by itself for who wants that; Ctrl-C ends the demonstration.
    """
    program = programs.run([_PROGRAM, "demo", "--dashboard"])
    browser.look(width=1280)
    browser.open(program.wait_for("The dashboard is at").split()[-1])
    browser.wait_for(f"{_LIVE} && document.querySelectorAll('#rows tr').length > 1")
    browser.run("window.before = document.querySelector('#consumers').textContent")
    browser.wait_for("window.before !== document.querySelector('#consumers').textContent")
    browser.wait_for("document.querySelector('.curve').getAttribute('d').split(' ').length >= 3")
    page = browser.run("return document.body.innerText")
    colors = []
    for dark in (False, True):
        for width in (360, 1280):
            browser.look(width=width, dark=dark)
            looked, too_faint = browser.run(_TOO_FAINT)
            wide = browser.run("return document.documentElement.scrollWidth")
            colors.append(browser.run("return getComputedStyle(document.documentElement).backgroundColor"))

            assert looked > 40
            assert [] == too_faint
            assert wide <= width
    moving = browser.run("return document.getAnimations().length")

    words = ("builds", "mirrors", "consuming", "connected", "Mirror", "demo.mirror.synced")
    assert [] == [word for word in words if word not in page]
    assert ["rgb(243, 245, 248)"] * 2 + ["rgb(16, 20, 26)"] * 2 == colors
    assert 0 == moving
    assert [] == browser.errors()
    program.signal(signal.SIGINT)
    assert 0 == program.ended()


def test_the_process_is_restarted(programs: Programs, browser: Browser) -> None:
    """The page says since when there is no contact, and goes on by itself when the process is back."""
    port = free_port()
    command = [_PROGRAM, "consume", "--callback", "fedora_messaging.example:printer", "--queue-name", "q"]
    config = f"[monitoring]\nport = {port}\ndashboard = true\n"
    first = programs.run(command, config=config)
    wait_until_ready(port)
    browser.look(width=360)
    browser.open(f"http://127.0.0.1:{port}/")
    browser.wait_for(f"{_LIVE} && document.querySelector('#consumers h3')?.textContent === 'q'")
    before = browser.errors()
    first.kill()
    lost = browser.wait_for(
        "document.querySelector('#contact').textContent.startsWith('No contact since')"
        " && document.body.innerText"
    )
    too_faint = browser.run(_TOO_FAINT)[1]
    programs.run(command, config=config)
    browser.wait_for(_LIVE)
    title = browser.run("return document.title")

    assert [] == before
    assert "consuming" in lost
    assert [] == too_faint
    assert "fedora-messaging on" in title
    # That nothing answers the browser itself writes to the console.
    assert [] == [each for each in browser.errors() if "net::ERR_" not in each]
