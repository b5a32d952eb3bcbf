#include "homeostat/console/page.hpp"

#include "homeostat/console/html.hpp"
#include "homeostat/console/matter_for_test.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace homeostat;
using namespace homeostat::console;

namespace {

std::size_t count_of(const std::string& text, const std::string& word) {
    std::size_t count = 0;
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
        ++count;
    }
    return count;
}

std::vector<std::string> hostile_texts() {
    return {"<script>alert(1)</script>",
            "\"><img src=x onerror=alert(1)>",
            "' onfocus='alert(1)",
            "</pre></main><form action=//evil.example>",
            "</style><style>*{display:none}",
            "javascript:alert(1)",
            "<!--",
            "&lt;b&gt;",
            "<svg/onload=alert(1)>"};
}

}  // namespace

TEST_CASE("no text becomes markup, commands a terminal or turns what stands around it") {
    CHECK(escaped("a<b>&\"c'") == "a&lt;b&gt;&amp;&quot;c&#39;");
    CHECK(escaped("\x1b[31m\n\0x") == "\\x1b[31m\\x0a");
    CHECK(escaped("\u202Eabc") == "\\xe2\\x80\\xaeabc");
    CHECK(escaped("\xff<") == "\\xff&lt;");
    CHECK(escaped("Grüße ✓") == "Grüße ✓");
    CHECK(escaped(std::string(20'000, '<')).size() < 5 * page_text_bytes_max);
}

TEST_CASE("a page has everything that a person has to know before they say yes") {
    const Matter matter = matter_for_test();
    const std::string page = question_page(matter, link_for_test(matter), noon_for_test);
    for (const char* words :
         {"rates · incident i-1", "May I restart rates-0?", "is no: 10 min 0 s from",
          "its process has ended", "1 of 2 instances: rates-0.", "It cannot be taken back.",
          "instance_crash (weight 0.90)", "rates-0 ended 2 s ago",
          "restart rates-0 (this is what is asked)", "observe", "5f0c2b9e1d3a4477",
          "{&quot;remedy&quot;:{&quot;kind&quot;:&quot;restart&quot;", "You answer as anna.",
          "Whoever has this link can answer in that name"}) {
        CAPTURE(words);
        CHECK(page.contains(words));
    }
    CHECK(page.find("value=\"denied\"") < page.find("value=\"approved\""));  // What Enter presses.
}

TEST_CASE("markup in any text of a question is shown, and is none") {
    for (const std::string& text : hostile_texts()) {
        CAPTURE(text);
        Matter hostile = hostile_matter_for_test(text);
        const std::string page =
            question_page(hostile, link_for_test(matter_for_test()), noon_for_test);
        const std::string harmless = question_page(hostile_matter_for_test("harmless"),
                                                   link_for_test(matter_for_test()), noon_for_test);
        for (const char* mark : {"<", ">", "\""}) {
            CHECK(count_of(page, mark) == count_of(harmless, mark));
        }
        CHECK(page.contains(escaped(text)));
    }
}

// What a browser makes of it is tried by tests/crash/people_browser_test.py.
TEST_CASE("the hostile page that a browser is shown is the one that this program writes") {
    const std::filesystem::path path =
        std::filesystem::path(__FILE__).parent_path() / "../../tests/crash/hostile_page.html";
    std::string hostile;
    for (const std::string& text : hostile_texts()) {
        hostile += text;
    }
    const std::string page = question_page(hostile_matter_for_test(hostile),
                                           link_for_test(matter_for_test()), noon_for_test);
    if (std::getenv("HOMEOSTAT_GOLDEN") != nullptr) {
        std::ofstream(path, std::ios::binary) << page;
    }
    std::ifstream file(path, std::ios::binary);
    const std::string kept{std::istreambuf_iterator<char>(file), {}};
    CHECK_MESSAGE(kept == page, "HOMEOSTAT_GOLDEN=rewrite writes it anew");
}

TEST_CASE("where approvers sign there is no button for a yes, and the command is shown") {
    Matter matter = matter_for_test();
    matter.takes_yes = false;
    matter.command = "homeostat approve i-1 --question 5f0c --key YOUR.key";
    matter.signers = {"bert"};
    matter.signers_needed = 2;
    const std::string page = question_page(matter, link_for_test(matter), noon_for_test);
    CHECK_FALSE(page.contains("value=\"approved\""));
    CHECK(page.contains("value=\"denied\""));
    CHECK(page.contains(matter.command));
    CHECK(page.contains("bert has signed."));
    CHECK(page.contains("signed by 2 of"));
    CHECK(page.contains("homeostat sign FILE --key YOUR.key"));
    CHECK(page.contains("<textarea name=\"signature\""));
    CHECK(page.contains("value=\"signed\""));
    const std::string free = question_page(matter_for_test(), link_for_test(matter), noon_for_test);
    CHECK_FALSE(free.contains("<textarea"));
    CHECK_FALSE(free.contains("value=\"signed\""));
}

TEST_CASE("markup in any text of what was done is shown, and is none") {
    const std::string text = "</pre><script>alert(1)</script><img src=x onerror=alert(1)>";
    UndoMatter matter = undo_matter_for_test();
    matter.service = ServiceId(text);
    matter.incident = IncidentId(text);
    matter.did = matter.undoes = matter.command = text;
    matter.touches = {text};
    for (const bool takes_it : {true, false}) {
        matter.takes_it = takes_it;
        matter.is_held = !takes_it;
        Link link = undo_link_for_test(matter);
        link.person = text;
        const std::string page = undo_page(matter, link, noon_for_test);
        CHECK_FALSE(page.contains("<script"));
        CHECK_FALSE(page.contains("<img"));
        CHECK(page.contains("&lt;script&gt;alert(1)"));
        CHECK(page.contains("<form") == takes_it);
    }
}

TEST_CASE("what no clock ends is not said to end by itself") {
    UndoMatter matter = undo_matter_for_test();
    matter.is_held = true;
    const std::string page = undo_page(matter, undo_link_for_test(matter), noon_for_test);
    CHECK(page.contains("ends by itself"));
    matter.ends_by_clock = false;
    const std::string standing = undo_page(matter, undo_link_for_test(matter), noon_for_test);
    CHECK_FALSE(standing.contains("ends by itself"));
    CHECK(standing.contains("until it is seen to be well, or somebody ends it"));
}

TEST_CASE("a page asks for nothing from anywhere") {
    const Matter matter = matter_for_test();
    const std::string page = question_page(matter, link_for_test(matter), noon_for_test);
    for (const char* mark : {"<script", "<img", "<link", "<iframe",
                             "src=", "href=", "style=", "url(", "@import", " on"}) {
        CAPTURE(mark);
        // " on" stands in sentences too.
        const std::string head = page.substr(0, page.find("<body>"));
        CHECK_FALSE((std::string(mark) == " on" ? head : page).contains(mark));
    }
    CHECK(count_of(page, "<style>") == 1);
    CHECK(page.contains("<style>" + std::string(page_style()) + "</style>"));
}
