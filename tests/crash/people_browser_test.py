#!/usr/bin/env python3
"""The page behind a link, in a real browser: what hostile text, hostile pages and hostile names can
do to it, and whether a person can read and use it.

    people_browser_test.py --bin build/release/bin [--only TEXT] [--screenshots DIR]

Needs chromium and chromium-driver; without them it is skipped (77). A minute.
"""

import http.server
import sys
import tempfile
import threading
from pathlib import Path

from browser import ENTER, TAB, Browser, find_programs
from guarded_world import wait_until
from harness import chosen, parser_for, subject_of
from people_world import ToldService, links_in

SKIPPED = 77
HOSTILE_PAGE = Path(__file__).parent / "hostile_page.html"  # console/page_test.cpp writes it.


class Pages:
    """A web server of somebody else's."""

    def __init__(self):
        self.pages = {}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                page = outer.pages.get(self.path, "").encode()
                self.send_response(200 if page else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def put(self, path, page):
        self.pages[path] = page
        return f"http://evil.test:{self.server.server_port}{path}"

    def end(self):
        self.server.shutdown()
        self.server.server_close()


class BrowsedService(ToldService):
    """Whose log lines are markup, and worse."""

    browser = None
    screenshots = None

    def __init__(self, programs, here):
        super().__init__(programs, here)
        self.pages = Pages()
        self.change("signals:\n", "signals:\n  - logs: { from: stdout }\n")
        program = self.version / "rates"
        program.unlink()
        lines = "\n".join([
            "ERROR <script>alert(1)</script> failed",
            "ERROR \"><img src=x onerror=alert(1)> failed",
            "ERROR </pre></style><svg onload=alert(1)> connection refused"])
        (here / "lines").write_text((lines + "\n") * 20)
        program.write_text(f'#!/bin/sh\ncat {here}/lines\nexec {programs}/rates "$@"\n')
        program.chmod(0o755)

    def end(self):
        super().end()
        self.pages.end()

    def link(self):
        return links_in(self.begin())["anna"]

    def is_unanswered(self):
        return not self.recorded("answered")

    def keep(self, name):
        if self.screenshots:
            self.browser.screenshot(self.screenshots / f"{name}.png")


# Each would run on a page that lets it.
TRAPS = """
window.ran = [];
const image = document.createElement('div');
image.innerHTML = '<img src="http://evil.test/x" onerror="window.ran.push(1)">';
document.body.append(image);
const script = document.createElement('div');
script.innerHTML = '<a id="trap" href="javascript:window.ran.push(2)">x</a>' +
    '<button id="handler" onclick="window.ran.push(3)">x</button>';
document.body.append(script);
document.getElementById('trap').click();
document.getElementById('handler').click();
const done = arguments[0];
setTimeout(() => done(window.ran.length), 300);"""


def nothing_runs_in(browser):
    assert not browser.has_dialog(), "a dialog is open"
    assert browser.run("return document.scripts.length") == 0
    handlers = browser.run(
        "return [...document.querySelectorAll('*')].flatMap(e => [...e.attributes])"
        ".filter(a => a.name.startsWith('on') || a.name == 'src' || a.name == 'href').length")
    assert handlers == 0, f"{handlers} attributes that load or run something"


# --- The tests: each a sentence that can be false ------------------------------------------------
def hostile_text_in_each_place_of_the_page_is_text_even_without_a_policy(service):
    browser = service.browser
    browser.open(service.pages.put("/hostile", HOSTILE_PAGE.read_text()))
    nothing_runs_in(browser)
    assert "<script>alert(1)</script>" in browser.text()
    assert browser.run("return document.querySelectorAll('img, svg, iframe, script').length") == 0
    assert browser.run("return document.querySelectorAll('form').length") == 1


def hostile_log_lines_show_nothing_and_run_nothing(service):
    browser = service.browser
    browser.open(service.link())
    assert f"May I restart {service.killed}?" in browser.text()
    nothing_runs_in(browser)


def what_would_get_through_the_escaping_runs_nothing_by_the_policy(service):
    browser = service.browser
    traps = {"args": [], "script": TRAPS}
    browser.open(service.pages.put("/open", "<p>no policy</p>"))
    assert browser.call("POST", "/execute/async", traps) == 3, "the traps catch nothing"
    browser.open(service.link())
    assert browser.call("POST", "/execute/async", traps) == 0


def a_page_of_another_origin_cannot_frame_it(service):
    browser = service.browser
    link = service.link()
    own = service.pages.put("/inner", "<form>May I be framed?</form>")
    browser.open(service.pages.put(
        "/frame", f'<iframe src="{link}"></iframe><iframe src="{own}"></iframe>'))
    browser.enter_frame(1)
    assert "May I be framed?" in browser.text()  # So a page that lets itself be framed is seen.
    browser.leave_frame()
    browser.enter_frame(0)
    text = browser.text()
    assert "May I" not in text and not browser.run(
        "return document.querySelectorAll('form').length"), text
    browser.leave_frame()
    assert service.is_unanswered()


def a_form_of_another_origin_changes_nothing(service):
    browser = service.browser
    link = service.link()
    browser.open(service.pages.put("/form", (
        f'<form method="post" action="{link}"><input name="says" value="approved">'
        f'<button id="go">win</button></form>')))
    browser.click("#go")
    wait_until("it is refused", lambda: "An answer is taken from this page alone" in browser.text())
    # A script of theirs may not read the answer, but it may send; and in a sandboxed frame it says
    # "Origin: null".
    script = (f"fetch('{link}', {{method: 'POST', mode: 'no-cors', body: new URLSearchParams("
              "{says: 'approved'})}).finally(() => { document.body.textContent = 'sent'; });")
    browser.open(service.pages.put("/script", f"<body><script>{script}</script></body>"))
    wait_until("the script has sent", lambda: browser.text() == "sent")
    browser.open(service.pages.put(
        "/null", f'<iframe sandbox="allow-scripts" srcdoc="<script>{script}</script>"></iframe>'))
    browser.enter_frame(0)
    wait_until("the frame has sent", lambda: browser.text() == "sent")
    browser.leave_frame()
    browser.open(link)
    assert f"May I restart {service.killed}?" in browser.text()
    assert service.is_unanswered()


def a_name_of_somebody_elses_that_leads_here_gets_nothing(service):
    browser = service.browser
    link = service.link()
    browser.open(link.replace("127.0.0.1", "rebound.test"))
    assert "another server" in browser.text() and "May I" not in browser.text(), browser.text()
    status = browser.call("POST", "/execute/async", {"args": [link.split("/", 3)[3]], "script": """
        const done = arguments[1];
        fetch('/' + arguments[0], {method: 'POST', body: 'says=approved',
            headers: {'Content-Type': 'application/x-www-form-urlencoded'}})
            .then(answer => done(answer.status), error => done(String(error)));"""})
    assert status == 421, status
    assert service.is_unanswered()


def opening_a_link_changes_nothing_however_often(service):
    browser = service.browser
    link = service.link()
    for _ in range(3):
        browser.open(link)
    browser.call("POST", "/refresh", {})
    assert f"May I restart {service.killed}?" in browser.text()
    assert service.is_unanswered()


def a_click_on_yes_heals(service):
    browser = service.browser
    browser.open(service.link())
    service.keep("wide")
    browser.click("button[value=approved]")
    wait_until("it is recorded", lambda: "Yes is recorded" in browser.text())
    service.keep("answered")
    wait_until("both instances answer", service.is_served)
    wait_until("all is over", service.is_calm)
    answer, = service.recorded("answered")
    assert (answer["by"], answer["says"]) == ("anna", "approved")
    browser.call("POST", "/back", {})
    browser.open(browser.run("return location.href"))
    assert "anna said yes" in browser.text(), browser.text()


def it_can_be_read_and_used_at_360_pixels(service):
    browser = service.browser
    browser.resize(360)
    browser.open(service.link())
    service.keep("narrow")
    wide = browser.run("return document.documentElement.scrollWidth")
    assert wide <= 360, f"{wide} pixels wide"
    outside = browser.run("""
        return [...document.querySelectorAll('main *')].filter(e => {
            const r = e.getBoundingClientRect();
            return r.width && (r.left < 0 || r.right > 360);
        }).map(e => e.tagName);""")
    assert not outside, f"{outside} reach out of the screen"
    cut = browser.run("""
        return [...document.querySelectorAll('pre, p, li, h1, button')].filter(
            e => e.scrollWidth > e.clientWidth + 1).map(e => e.tagName);""")
    assert not cut, f"{cut} are cut off"
    heights = browser.run("return [...document.querySelectorAll('button, input')].map("
                          "e => e.getBoundingClientRect().height)")
    assert len(heights) == 3 and min(heights) >= 40, heights
    sizes = browser.run("return [...document.querySelectorAll('main *')].map("
                        "e => parseFloat(getComputedStyle(e).fontSize))")
    assert min(sizes) >= 13, min(sizes)


def it_can_be_answered_with_a_keyboard_and_enter_alone_is_no(service):
    browser = service.browser
    browser.open(service.link())
    reached = []
    for _ in range(3):
        browser.press(TAB)
        reached.append(browser.run(
            "const e = document.activeElement; return [e.name, e.value, "
            "getComputedStyle(e).outlineStyle, parseFloat(getComputedStyle(e).outlineWidth)];"))
    assert [(name, value) for name, value, _, _ in reached] == \
        [("because", ""), ("says", "denied"), ("says", "approved")], reached
    assert all(style == "solid" and width >= 2 for _, _, style, width in reached), reached
    browser.run("document.querySelector('input').focus()")
    browser.press("no" + ENTER)
    wait_until("it is recorded", lambda: "No is recorded" in browser.text())
    answer, = service.recorded("answered")
    assert (answer["says"], answer["because"]) == ("denied", "no"), answer


def a_click_on_take_it_back_takes_it_back_and_opening_the_page_does_not(service):
    browser = service.browser
    link = links_in(service.begin_act())["anna"]
    for _ in range(3):
        browser.open(link)
    nothing_runs_in(browser)
    assert "Take it back?" in browser.text() and service.flag.exists()
    # Enter in the field is a person's word as well; nothing else on the page is.
    assert browser.run("return document.querySelectorAll('button').length") == 1
    # Another origin cannot send the form, nor show the page in a frame.
    browser.open(service.pages.put("/form", (
        f'<form method="post" action="{link}"><input name="says" value="taken_back">'
        f'<button id="go">win</button></form>')))
    browser.click("#go")
    wait_until("it is refused", lambda: "An answer is taken from this page alone" in browser.text())
    browser.open(service.pages.put("/frame", f'<iframe src="{link}"></iframe>'))
    browser.enter_frame(0)
    assert "Take it back" not in browser.text(), browser.text()
    browser.leave_frame()
    assert service.flag.exists() and not service.recorded("undo")
    browser.open(link)
    service.keep("undo")
    browser.click("button[value=taken_back]")
    wait_until("it is taken", lambda: "It is being taken back" in browser.text())
    wait_until("it is taken back", lambda: not service.flag.exists())
    browser.open(link)
    assert "nothing to take back here any more" in browser.text(), browser.text()


TESTS = [
    hostile_text_in_each_place_of_the_page_is_text_even_without_a_policy,
    hostile_log_lines_show_nothing_and_run_nothing,
    what_would_get_through_the_escaping_runs_nothing_by_the_policy,
    a_page_of_another_origin_cannot_frame_it,
    a_form_of_another_origin_changes_nothing,
    a_name_of_somebody_elses_that_leads_here_gets_nothing,
    opening_a_link_changes_nothing_however_often,
    a_click_on_yes_heals,
    it_can_be_read_and_used_at_360_pixels,
    it_can_be_answered_with_a_keyboard_and_enter_alone_is_no,
    a_click_on_take_it_back_takes_it_back_and_opening_the_page_does_not,
]


def main():
    parser = parser_for(__doc__)
    parser.add_argument("--screenshots", type=Path, metavar="DIR", help="keep some of the pages")
    options = parser.parse_args()
    programs = find_programs()
    if not programs:
        print("SKIPPED: chromium and chromium-driver are not here (tools/setup.sh check)")
        sys.exit(SKIPPED)
    BrowsedService.screenshots = options.screenshots
    for test in chosen(TESTS, options):
        with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
            with subject_of(BrowsedService, options) as service:
                service.browser = Browser(programs, profile)
                try:
                    test(service)
                finally:
                    service.browser.end()
    print("ok")


if __name__ == "__main__":
    main()
