// Pairs: a case without and with hostile text in one of its fields. The menu is the same to the
// byte.

#include "homeostat/base/named_enum.hpp"
#include "homeostat/base/rng.hpp"
#include "homeostat/cases/candidate.hpp"
#include "homeostat/cases/evidence.hpp"
#include "homeostat/cases/survey.hpp"
#include "homeostat/domain/evidence.hpp"
#include "homeostat/domain/trouble.hpp"

#include "drawn_case.hpp"
#include "text_field.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <map>
#include <ranges>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace homeostat::hostile {

namespace {

using namespace cases;

constexpr std::string_view no_replica = "-";

/// The whole menu in its order. Services and replicas stand by their numbers: names are text.
std::string menu_of(const Shown& shown) {
    const Survey survey = survey_of(shown);
    std::string menu;
    for (const Candidate& candidate : candidates_of(survey)) {
        std::string replica(no_replica);
        if (candidate.service != nobody && !candidate.replica.empty()) {
            const auto& replicas = survey.services[candidate.service].replicas;
            const auto found = std::ranges::find(replicas, candidate.replica, &ReplicaSurvey::name);
            REQUIRE(found != replicas.end());
            replica = std::to_string(found - replicas.begin());
        }
        menu += fmt::format("{} {} {} {} {}\n", remedy_name(candidate), candidate.service, replica,
                            candidate.artifact, candidate.to);
    }
    return menu;
}

/// Runs of letters in what is told of a case.
std::set<std::string> words_told_of(const Shown& shown) {
    std::set<std::string> words;
    std::size_t bytes = 0;
    for (const std::string& line : evidence_of(survey_of(shown), {}).lines) {
        bytes += line.size() + 1;
        CHECK(std::ranges::all_of(line, [](char c) { return c >= ' ' && c <= '~'; }));
        std::string word;
        for (const char letter : line + ".") {
            if (std::isalpha(static_cast<unsigned char>(letter)) != 0) {
                word += letter;
            } else if (!word.empty()) {
                words.insert(std::exchange(word, {}));
            }
        }
    }
    CHECK(bytes > 0);
    CHECK(bytes <= evidence_bytes_max);
    return words;
}

/// Those of cases that nobody has written into, and of the classes of trouble.
const std::set<std::string>& our_words() {
    static const std::set<std::string> words = [] {
        std::set<std::string> all{"logs"};
        for (std::uint64_t seed = 1; seed <= 600; ++seed) {
            Rng rng(seed);
            all.merge(words_told_of(drawn_case(rng)));
        }
        for (const std::string_view trouble : names_of(std::type_identity<Trouble>{})) {
            for (const auto part : std::views::split(trouble, '_')) {
                all.emplace(part.begin(), part.end());
            }
        }
        return all;
    }();
    return words;
}

/// All that stands anywhere in it, as a menu that reads text might use it.
std::string gullible_menu_of(const Shown& shown) {
    std::string menu = menu_of(shown) + shown.id;
    for (const Service& one : shown.services) {
        menu += one.name + one.kind + one.source;
        for (const Replica& replica : one.replicas) {
            menu += replica.name + replica.zone + replica.host + replica.version + replica.config;
        }
        for (const Dependency& call : one.calls) {
            menu += call.through;
        }
    }
    for (const Series& one : shown.series) {
        menu += one.name + one.service + one.replica + one.unit;
    }
    for (const AlertLine& one : shown.alerts) {
        menu += one.kind + one.service;
    }
    for (const ChangeLine& one : shown.changes) {
        menu += one.service + one.kind + one.from + one.to;
    }
    for (const EventLine& one : shown.events) {
        menu += one.object + one.reason + one.text;
    }
    for (const ObjectState& one : shown.objects) {
        menu += one.kind + one.name + to_text(one.spec) + to_text(one.status);
    }
    for (const LogLine& one : shown.logs) {
        menu += one.service + one.level + one.text;
    }
    return menu;
}

struct Pairs {
    std::uint64_t count{0};
    std::uint64_t changed{0};
    std::map<std::string_view, std::uint64_t> changed_by_field;
    std::uint64_t menus{0};  ///< Cases that offer more than to observe and to call a person.
};

/// One field, by every class of attack.
void add_pairs_of_field(
    Pairs& pairs, const Shown& shown, const TextField& field, Rng& rng, auto&& menu_of_case) {
    const std::string menu = menu_of_case(shown);
    for (std::size_t at = 0; at < attacks_count; ++at) {
        Shown hostile = shown;
        Pen pen(static_cast<Attack>(at), shown, rng);
        field.write(hostile, pen);
        const std::uint64_t changed = menu_of_case(hostile) != menu ? 1 : 0;
        pairs.count += 1;
        pairs.changed += changed;
        pairs.changed_by_field[field.name] += changed;
        CHECK_MESSAGE(std::ranges::includes(our_words(), words_told_of(hostile)), field.name);
    }
}

/// Every field and every class of attack, in `cases_count` cases.
Pairs pairs_of(std::uint64_t cases_count, auto&& menu_of_case) {
    Pairs pairs;
    for (std::uint64_t seed = 1; seed <= cases_count; ++seed) {
        CAPTURE(seed);
        Rng rng(seed);
        const Shown shown = drawn_case(rng);
        pairs.menus += std::ranges::count(menu_of_case(shown), '\n') > 2 ? 1 : 0;
        for (const TextField& field : text_fields()) {
            add_pairs_of_field(pairs, shown, field, rng, menu_of_case);
        }
    }
    return pairs;
}

void check_menus(std::uint64_t cases_count, std::uint64_t pairs_min) {
    const Pairs pairs = pairs_of(cases_count, menu_of);
    for (const auto& [field, changed] : pairs.changed_by_field) {
        CHECK_MESSAGE(changed == 0, field);
    }
    CHECK(pairs.count >= pairs_min);
    CHECK(pairs.menus > cases_count / 2);
    MESSAGE(pairs.count, " pairs, ", pairs.changed, " menus changed");
}

}  // namespace

TEST_CASE("no text in any field adds to a menu, takes from it or changes its order") {
    check_menus(28, 5'000);
}

TEST_CASE("in a hundred thousand pairs no text changes a menu" * doctest::skip()) {
    check_menus(540, 100'000);
}

TEST_CASE("a menu that reads any of the fields is found out") {
    const Pairs pairs = pairs_of(5, gullible_menu_of);
    for (const auto& [field, changed] : pairs.changed_by_field) {
        CHECK_MESSAGE(changed > 0, field);
    }
    CHECK(pairs.changed > pairs.count / 2);
}

TEST_CASE("each class of attack has some dozens of lines, and no line is in two") {
    std::map<std::string, int> seen;
    for (std::size_t at = 0; at < attacks_count; ++at) {
        const auto attack = static_cast<Attack>(at);
        CHECK_MESSAGE(lines_of(attack).size() >= 30, to_text(attack));
        for (const std::string& line : lines_of(attack)) {
            CHECK_MESSAGE(++seen[line] == 1, line);
        }
    }
}

TEST_CASE("attacks of one seed are the same, of two they differ") {
    const auto text = [](std::uint64_t seed) {
        Rng rng(seed);
        std::string all;
        for (int count = 0; count < 20; ++count) {
            all += draw_text(Attack::plausible_lie, {}, rng);
        }
        return all;
    };
    CHECK(text(1) == text(1));
    CHECK(text(1) != text(2));
}

}  // namespace homeostat::hostile
