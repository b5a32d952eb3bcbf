// Text in logs, changes and metrics never widens the menu, never moves guard's verdict and never
// reaches the prompt: the same incident, told by friendly lines and by hostile ones, comes to the
// same. All that a log can do is claim a class of trouble, of which one line may tell.

#include "homeostat/adapters/llm/prompt.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/base/rng.hpp"
#include "homeostat/decide/decide.hpp"
#include "homeostat/domain/trouble.hpp"
#include "homeostat/heal/judge.hpp"
#include "homeostat/heal/proposal_for_test.hpp"
#include "homeostat/heal/simulated_executor_for_test.hpp"

#include "attack.hpp"
#include "corpus.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::hostile {

namespace {

using namespace std::chrono_literals;

/// What strangers have a say in.
struct Told {
    std::vector<std::string> log_lines;
    std::vector<Change> changes;  ///< Hearsay.
    std::vector<std::pair<std::string, double>> metrics;
    VersionId version{"v2"};  ///< First-hand: the name of the directory that is current.
};

/// What the agent makes of it.
struct Judged {
    Symptom symptom;
    diagnose::Finding finding;
};

Inventory inventory() {
    Inventory inventory = heal::SimulatedWorld().inventory();
    inventory.neighbours = {ServiceId("fraud")};
    return inventory;
}

Change deploy_of(const VersionId& version, bool is_first_hand, Instant at) {
    Change change;
    change.service = ServiceId("payments");
    change.from = VersionId("v1");
    change.to = version;
    change.is_first_hand = is_first_hand;
    change.at = at;
    return change;
}

std::vector<Reading> readings_of(const Told& told, EdgeCounters counters, Instant now) {
    EdgeReading edge;
    edge.subject = {SubjectKind::service, "payments"};
    edge.counters = counters;
    edge.at = now;
    LogReading log;
    log.instance = InstanceId("payments-0");
    log.lines = told.log_lines;
    log.at = now;
    return {edge, log, MetricsReading{InstanceId("payments-1"), told.metrics, now}};
}

/// Seventy good seconds, of which the first sixty are a second apart, a deploy (if it is one of
/// ours), and then a third of all requests fails.
Judged judge(const Told& told, bool has_deploy = true) {
    heal::Judge judge({.inventory = inventory(), .detect = {}, .diagnose = {}});
    Instant now{1h};
    EdgeCounters counters;
    const Told friendly{.log_lines = {"GET /pay 200 12ms"}};
    for (int tick = 0; tick < 140; ++tick) {
        counters.requests_total += tick < 60 ? 200 : 50;
        (void)judge.take(readings_of(friendly, counters, now), now);
        REQUIRE(judge.symptoms(now).empty());
        now += tick < 60 ? 1s : 250ms;
    }
    if (has_deploy) {
        judge.note(deploy_of(told.version, true, now));
    }
    for (Change change : told.changes) {
        change.at = now;
        judge.note(change);
    }
    for (int tick = 0; tick < 40; ++tick, now += 250ms) {
        counters.requests_total += 50;
        counters.errors_total += 15;
        (void)judge.take(readings_of(told, counters, now), now);
        const std::vector<Symptom> present = judge.symptoms(now);
        if (!present.empty()) {
            return {present.front(), judge.diagnose(present.front(), {})};
        }
    }
    FAIL("a third of all requests fails, and nobody notices");
    return {};
}

constexpr std::string_view templates_line = " new error templates in the logs";

constexpr std::string_view claims_begin = "logs of A: ";

/// Whether a line names classes of trouble and nothing else.
bool is_of_classes(std::string_view line) {
    std::string rest(line.substr(claims_begin.size()));
    std::size_t count = 0;
    while (!rest.empty()) {
        std::string one = rest.substr(0, rest.find(", "));
        rest.erase(0, one.size() + 2);
        std::ranges::replace(one, ' ', '_');
        count += 1;
        if (!parse_enum<Trouble>(one)) {
            return false;
        }
    }
    return count >= 1 && count <= 3;
}

/// What the model reads, without the one line that may know what was claimed.
std::vector<std::string> lines_of(const Judged& judged) {
    std::vector<std::string> lines = judged.finding.diagnosis.evidence.lines;
    const auto claims = std::ranges::find_if(
        lines, [](const std::string& line) { return line.starts_with(claims_begin); });
    if (claims != lines.end()) {
        CHECK(is_of_classes(*claims));
        lines.erase(claims);
    }
    return lines;
}

/// What people read, without its one line that may know that something was written: how often.
std::vector<std::string> measured_of(const Judged& judged) {
    std::vector<std::string> lines = judged.finding.diagnosis.measured;
    REQUIRE(lines.back().ends_with(templates_line));
    const std::string count = lines.back().substr(0, lines.back().find(' '));
    CHECK(count.find_first_not_of("0123456789") == std::string::npos);
    lines.pop_back();
    return lines;
}

std::string menu_of(const Judged& judged) {
    return to_text(to_json(judged.finding.menu));
}

/// What the executor does about it, to the end, in a world in which v2 is bad.
std::vector<std::string> story_of(const Judged& judged) {
    heal::SimulatedWorld world;
    world.versions_bad = {VersionId("v2")};
    heal::SimulatedExecutor executor(world);
    Proposal proposal;
    proposal.service = ServiceId("payments");
    proposal.symptom = judged.symptom;
    proposal.diagnosis = judged.finding.diagnosis;
    proposal.menu = judged.finding.menu;
    proposal.choice = decide::choose(proposal.menu, {}, {OracleMode::rules, std::nullopt});
    proposal.judged_at = world.now;
    executor.open(proposal);
    executor.settle();
    CHECK(executor.broken.empty());
    return executor.story();
}

/// Of the prompt, what does not stand there in every prompt.
std::string prompt_body(const Evidence& evidence) {
    const std::string prompt = adapters::llm::prompt_for(evidence);
    REQUIRE(prompt.starts_with(adapters::llm::prompt_prefix()));
    return prompt.substr(adapters::llm::prompt_prefix().size());
}

bool is_plain_prompt(std::string_view body) {
    return std::ranges::all_of(body, [](char c) {
        const bool is_mark = std::string_view("<>[]{}|\\`").contains(c);
        return c == '\n' || (c >= ' ' && c <= '~' && !is_mark);
    });
}

/// The prompt's own part, without that line.
std::string prompt_of(const Judged& judged) {
    CHECK(is_plain_prompt(prompt_body(judged.finding.diagnosis.evidence)));
    return prompt_body({lines_of(judged)});
}

Told told_by(const std::string& text) {
    Told told;
    told.log_lines = {text, "ERROR " + text, "{\"level\":\"error\",\"msg\":\"" + text + "\"}"};
    told.metrics = {{text, 1e9}, {"x", 1}};
    return told;
}

}  // namespace

TEST_CASE("no text in logs or metrics changes the menu, the verdict or more than one line") {
    const Judged friendly = judge({.log_lines = {"GET /pay 200 12ms"}});
    const std::vector<std::string> story = story_of(friendly);
    REQUIRE(friendly.finding.menu.items.size() > 1);
    REQUIRE(std::ranges::find(story, "permit") != story.end());
    for (const std::string& text : texts()) {
        CAPTURE(text);
        const Judged hostile = judge(told_by(text));
        CHECK(menu_of(hostile) == menu_of(friendly));
        CHECK(lines_of(hostile) == lines_of(friendly));
        CHECK(measured_of(hostile) == measured_of(friendly));
        CHECK(story_of(hostile) == story);
    }
}

TEST_CASE("no text makes a remedy appear where the rules see none") {
    const Judged friendly = judge({.log_lines = {"GET /pay 200 12ms"}}, false);
    REQUIRE(friendly.finding.menu.items.size() == 1);
    for (const std::string& text : texts()) {
        CAPTURE(text);
        const Judged hostile = judge(told_by(text), false);
        CHECK(menu_of(hostile) == menu_of(friendly));
        CHECK(lines_of(hostile) == lines_of(friendly));
    }
}

TEST_CASE("hearsay of a change offers nothing and is not in the evidence, whatever it says") {
    const Judged friendly = judge({.log_lines = {"GET /pay 200 12ms"}}, false);
    for (const std::string& text : texts()) {
        CAPTURE(text);
        Told told{.log_lines = {"GET /pay 200 12ms"}};
        Change change = deploy_of(VersionId(text), false, {});
        change.reference = text;
        told.changes = {change, deploy_of(VersionId("v2"), false, {})};
        const Judged hostile = judge(told, false);
        CHECK(menu_of(hostile) == menu_of(friendly));
        CHECK(hostile.finding.diagnosis == friendly.finding.diagnosis);
    }
}

TEST_CASE("no version's name is told to the model, and a hostile one is not rolled back") {
    const Judged friendly = judge({.log_lines = {"GET /pay 200 12ms"}, .version = VersionId(" ")});
    for (const std::string& text : texts()) {
        CAPTURE(text);
        const Judged hostile =
            judge({.log_lines = {"GET /pay 200 12ms"}, .version = VersionId(text)});
        CHECK(lines_of(hostile) == lines_of(friendly));
        if (is_plain_name(text)) {
            continue;
        }
        CHECK(hostile.finding.diagnosis == friendly.finding.diagnosis);
        for (const std::string& line : story_of(hostile)) {
            CHECK(line != "permit");
            CHECK_FALSE(line.starts_with("intent"));
        }
    }
}

TEST_CASE("what the model reads is the same text whatever the logs say, but for one line") {
    const Judged friendly = judge({.log_lines = {"GET /pay 200 12ms"}});
    for (const std::string& text : texts()) {
        CAPTURE(text);
        CHECK(prompt_of(judge(told_by(text))) == prompt_of(friendly));
    }
}

TEST_CASE("attacks of any class, disguised, change neither menu nor more than that line") {
    const Judged friendly = judge({.log_lines = {"GET /pay 200 12ms"}});
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        Rng rng(seed);
        for (std::size_t at = 0; at < attacks_count; ++at) {
            const std::string text = draw_text(static_cast<Attack>(at), Names{}, rng);
            CAPTURE(text);
            const Judged hostile = judge(told_by(text));
            CHECK(menu_of(hostile) == menu_of(friendly));
            CHECK(lines_of(hostile) == lines_of(friendly));
            CHECK(prompt_of(hostile) == prompt_of(friendly));
        }
    }
}

TEST_CASE("a claim that numbers fit is told by its class, and one that none fits is not") {
    const auto tells = [](const std::string& text, std::string_view line) {
        const Judged judged = judge(told_by(text));
        const std::vector<std::string>& lines = judged.finding.diagnosis.evidence.lines;
        return std::ranges::find(lines, line) != lines.end();
    };
    CHECK(tells("checksum mismatch in block 7: data is corrupt", "logs of A: bad data"));
    CHECK_FALSE(tells("no space left on device", "logs of A: disk full"));
}

TEST_CASE("text that got into the evidence by a mistake is still one plain line of the prompt") {
    for (const std::string& text : texts()) {
        CAPTURE(text);
        const std::string body = prompt_body({{"first", text, "last"}});
        CHECK(is_plain_prompt(body));
        CHECK(std::ranges::count(body, '\n') == 3);
        CHECK(body.starts_with("first\n"));
        CHECK(body.ends_with("\nlast\n"));
    }
}

}  // namespace homeostat::hostile
