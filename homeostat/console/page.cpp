#include "homeostat/console/page.hpp"

#include "homeostat/base/timestamp.hpp"
#include "homeostat/console/html.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace homeostat::console {

namespace {

/// Colours of enough contrast in the dark too (WCAG AA); the focus is visible; nothing is narrower
/// or wider than the screen.
constexpr std::string_view style = R"(
:root { color-scheme: light dark; --ink: #16191d; --paper: #ffffff; --soft: #eef1f4;
  --line: #c4ccd4; --quiet: #4a535c; --yes: #0b5c2e; --no: #8c1d18; --focus: #0b57d0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --paper: #15181b; --soft: #22272c;
  --line: #48515a; --quiet: #b3bcc5; --yes: #1d7a44; --no: #b3342d; --focus: #8ab4f8; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
main { max-width: 44rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .25rem 0 .75rem; }
h2 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
p, ul { margin: .25rem 0; }
ul { padding-left: 1.25rem; }
pre { background: var(--soft); border: 1px solid var(--line); border-radius: .25rem;
  padding: .5rem; font-size: .8125rem; white-space: pre-wrap; margin: .25rem 0; }
.quiet { color: var(--quiet); }
.until { font-weight: 600; }
.asked { font-weight: 600; }
form { margin-top: 1.5rem; border-top: 2px solid var(--line); }
form p { margin: .75rem 0; }
label { display: block; margin: .75rem 0; }
input, textarea { display: block; width: 100%; font: inherit; padding: .5rem; color: inherit;
  background: var(--paper); border: 1px solid var(--quiet); border-radius: .25rem; }
.answers { display: flex; flex-wrap: wrap; gap: .75rem; }
button { flex: 1 1 12rem; min-height: 3rem; font: inherit; font-weight: 600; color: #ffffff;
  border: 2px solid transparent; border-radius: .25rem; cursor: pointer; }
button.no { background: var(--no); }
button.yes { background: var(--yes); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
)";

/// The document around what stands in `main`.
std::string document(std::string_view title, Html body) {
    Html head;
    head.single("meta", {{"charset", "utf-8"}});
    head.single("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
    head.single("meta", {{"name", "robots"}, {"content", "noindex"}});
    head.line("title", title);
    return fmt::format(
        "<!doctype html>\n<html lang=\"en\">\n<head>{}<style>{}</style></head>\n"
        "<body><main>\n{}</main></body>\n</html>\n",
        head.take(), style, body.take());
}

/// "2026-11-30 02:41:10 UTC".
std::string clock_of(WallTime at) {
    std::string text = to_timestamp(at);
    text.replace(text.find('T'), 1, " ");
    return text.substr(0, text.find('.')) + " UTC";
}

/// "9 min 30 s".
std::string minutes_of(Duration span) {
    const auto seconds =
        std::max<std::int64_t>(0, std::chrono::floor<std::chrono::seconds>(span).count());
    constexpr std::int64_t minute = 60;
    return fmt::format("{} min {} s", seconds / minute, seconds % minute);
}

void add_list(Html& page,
              std::string_view title,
              const std::vector<std::string>& lines,
              std::string_view otherwise) {
    page.line("h2", title);
    if (lines.empty()) {
        page.line("p", otherwise);
        return;
    }
    page.open("ul");
    for (const std::string& line : lines) {
        page.line("li", line);
    }
    page.close();
}

void add_options(Html& page, const std::vector<Option>& options) {
    page.line("h2", "What could be done");
    page.open("ul");
    for (const Option& option : options) {
        page.open("li");
        page.line("span", option.remedy + (option.is_asked_for ? " (this is what is asked)" : ""),
                  {{"class", option.is_asked_for ? "asked" : "other"}});
        page.text(fmt::format(" — weight {:.2f}{}{}", option.weight,
                              option.because.empty() ? "" : ": ", option.because));
        page.close();
    }
    page.close();
    page.line("p",
              "To have one of these done instead, say no here and do it yourself: only what is "
              "asked can be answered.",
              {{"class", "quiet"}});
}

void add_signers(Html& page, const Matter& matter) {
    page.line("p",
              fmt::format("A yes has to be signed by {} of the listed approvers, and a link is no "
                          "signature. {} signed so far.",
                          matter.signers_needed, matter.signers.size()));
    for (const std::string& name : matter.signers) {
        page.line("p", name + " has signed.");
    }
    page.line(
        "p",
        "To say yes: put the bytes under “Exactly” into a file, have it signed on the machine "
        "where your key is, and put what that prints into the field.");
    page.line("pre", "homeostat sign FILE --key YOUR.key");
    page.open("label").text("The signature (one line, and no key)");
    page.open(
        "textarea",
        {{"name", "signature"}, {"rows", "4"}, {"maxlength", "32768"}, {"spellcheck", "false"}});
    page.close().close();
    page.line("p", "Or, where the agent runs and your key is:");
    page.line("pre", matter.command);
}

void add_form(Html& page, const Matter& matter, const Link& link) {
    page.open("form", {{"method", "post"}, {"autocomplete", "off"}});
    page.line("h2", "Your answer");
    page.line("p", "You answer as " + link.person +
                       ". Whoever has this link can answer in that name, once; do not pass it on.");
    if (!matter.takes_yes) {
        add_signers(page, matter);
    }
    page.open("label").text("Why (goes into the ledger; may be empty)");
    page.single("input", {{"name", "because"}, {"maxlength", "200"}, {"type", "text"}});
    page.close();
    // No comes first: a browser takes the first button when Enter is pressed in the field.
    page.open("div", {{"class", "answers"}});
    page.line("button", "No, leave it to me",
              {{"class", "no"}, {"name", "says"}, {"value", "denied"}, {"type", "submit"}});
    page.line("button", matter.takes_yes ? "Yes, do it once" : "Hand the signature in",
              {{"class", "yes"},
               {"name", "says"},
               {"value", matter.takes_yes ? "approved" : "signed"},
               {"type", "submit"}});
    page.close();
    page.line("p",
              "After a yes guard looks at everything again before anything is done, and does it "
              "only while the versions and processes are those under “Exactly”. After a no the "
              "incident is a person’s.",
              {{"class", "quiet"}});
    page.close();
}

std::string_view state_of(const UndoMatter& matter) {
    if (!matter.is_held) {
        return ". It helped, and that is proven.";
    }
    return matter.ends_by_clock
               ? ". It is in force for now, and ends by itself."
               : ". It is in force until it is seen to be well, or somebody ends it.";
}

void add_undo_form(Html& page, const UndoMatter& matter, const Link& link) {
    if (!matter.takes_it) {
        page.line("p",
                  "An undo has to be signed by a listed approver here, and a link is no signature. "
                  "Where your key is:");
        page.line("pre", matter.command);
        return;
    }
    page.open("form", {{"method", "post"}, {"autocomplete", "off"}});
    page.line("h2", "Your word");
    page.line("p", "You take it back as " + link.person +
                       ". Whoever has this link can do so in that name, once; do not pass it on.");
    page.open("label").text("Why (goes into the ledger; may be empty)");
    page.single("input", {{"name", "because"}, {"maxlength", "200"}, {"type", "text"}});
    page.close();
    page.open("div", {{"class", "answers"}});
    page.line("button", "Take it back",
              {{"class", "no"}, {"name", "says"}, {"value", "taken_back"}, {"type", "submit"}});
    page.close();
    page.line("p",
              "To leave it as it is, close this page. Guard looks at each step before it is done, "
              "and remedies of this kind ask a person from then on.",
              {{"class", "quiet"}});
    page.close();
}

}  // namespace

std::string_view page_style() {
    return style;
}

std::string question_page(const Matter& matter, const Link& link, WallTime now) {
    Html page;
    page.line("p", fmt::format("{} · incident {}", matter.service.text(), matter.incident.text()),
              {{"class", "quiet"}});
    page.line("h1", matter.asks);
    page.line("p",
              fmt::format("Silence until {} is no: {} from when this page was made.",
                          clock_of(matter.until), minutes_of(matter.until - now)),
              {{"class", "until"}});
    page.line("h2", "What is wrong");
    page.line("p", matter.symptom);
    add_list(page, "What it touches", matter.touches, "Nothing is known of that.");
    add_list(page, "Why it is thought so", matter.causes, "No cause is known.");
    add_list(page, "What was measured", matter.measured, "Nothing besides the symptom.");
    add_options(page, matter.options);
    page.line("h2", "Exactly");
    page.line("p",
              "A yes is for these bytes and for nothing else, question " + matter.question + ":",
              {{"class", "quiet"}});
    page.line("pre", matter.exactly);
    add_form(page, matter, link);
    return document(fmt::format("{}: {}", matter.service.text(), matter.asks), std::move(page));
}

std::string undo_page(const UndoMatter& matter, const Link& link, WallTime now) {
    Html page;
    page.line("p", fmt::format("{} · incident {}", matter.service.text(), matter.incident.text()),
              {{"class", "quiet"}});
    page.line("h1", "Take it back?");
    page.line("p",
              fmt::format("It can be taken back until {}: {} from when this page was made.",
                          clock_of(matter.until), minutes_of(matter.until - now)),
              {{"class", "until"}});
    page.line("h2", "What was done");
    page.line("p", matter.did + std::string(state_of(matter)));
    page.line("h2", "What takes it back");
    page.line("p", matter.undoes);
    add_list(page, "What that touches", matter.touches, "Nothing is known of that.");
    add_undo_form(page, matter, link);
    return document(fmt::format("{}: take back {}", matter.service.text(), matter.did),
                    std::move(page));
}

std::string plain_page(std::string_view title, std::string_view says) {
    Html page;
    page.line("h1", title);
    page.line("p", says);
    return document(title, std::move(page));
}

}  // namespace homeostat::console
