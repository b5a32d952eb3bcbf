"""A headless Chromium, driven by the W3C's WebDriver protocol; nothing but the standard library."""

import base64
import json
import re
import shutil
import subprocess
import urllib.error
import urllib.request

from guarded_world import die_with_parent

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # SOURCE: W3C WebDriver, 12.
TAB, ENTER, SHIFT = "\ue004", "\ue007", "\ue008"


def find_programs():
    """Chromium and its driver; nothing where one of them is missing."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


class Refused(Exception):
    """The driver says no: its error's name comes first."""


class Browser:
    """Every name that ends in `.test` leads to this machine."""

    def __init__(self, programs, profile):
        browser, driver = programs
        self.driver = subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, text=True,
                                       stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)
        port = None
        for line in self.driver.stdout:
            found = re.search(r"successfully on port (\d+)", line)
            if found:
                port = int(found[1])
                break
        assert port, "chromedriver does not say where it listens"
        self.url = f"http://127.0.0.1:{port}"
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--no-first-run", "--no-proxy-server", f"--user-data-dir={profile}",
                     "--host-resolver-rules=MAP *.test 127.0.0.1", "--window-size=1024,900"]
        answer = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "unhandledPromptBehavior": "ignore",
            "goog:chromeOptions": {"binary": browser, "args": arguments}}}})
        self.url += f"/session/{answer['sessionId']}"

    def call(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + path, data, method=method,
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise Refused(f"{value['error']}: {value['message']}") from None

    def open(self, url):
        self.call("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        """The value that the script returns, in the page that is open."""
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def text(self):
        return self.run("return document.body ? document.body.innerText : '';")

    def find(self, selector):
        return self.call("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def click(self, selector):
        self.call("POST", f"/element/{self.find(selector)}/click", {})

    def press(self, keys):
        """Into whatever has the focus."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.call("POST", "/actions", {"actions": [
            {"type": "key", "id": "keyboard", "actions": actions}]})

    def enter_frame(self, index):
        self.call("POST", "/frame", {"id": index})

    def leave_frame(self):
        self.call("POST", "/frame", {"id": None})

    def has_dialog(self):
        """A page has called alert()."""
        try:
            self.call("GET", "/alert/text")
            return True
        except Refused:
            return False

    def resize(self, width, height=740):
        self.call("POST", "/goog/cdp/execute", {
            "cmd": "Emulation.setDeviceMetricsOverride",
            "params": {"width": width, "height": height, "deviceScaleFactor": 1,
                       "mobile": width < 500}})

    def screenshot(self, path):
        """Of the whole page, as high as it is."""
        shot = self.call("POST", "/goog/cdp/execute", {
            "cmd": "Page.captureScreenshot", "params": {"captureBeyondViewport": True}})
        path.write_bytes(base64.b64decode(shot["data"]))

    def end(self):
        try:
            self.call("DELETE", "")
        except (Refused, OSError):
            pass
        self.driver.kill()
        self.driver.wait()
