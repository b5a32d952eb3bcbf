#include "homeostat/adapters/roles/voices.hpp"

#include <doctest/doctest.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::adapters::roles {

namespace {

const Symptom hang{.kind = SymptomKind::instance_not_answering,
                   .subject = {SubjectKind::instance, "payments-1"}};

/// What an agent's letter, or the executor's inventory, may say next.
enum class Word : std::uint8_t { present, nothing, gone, begins_anew, may_not_any_more };

constexpr std::array words{Word::present, Word::nothing, Word::gone, Word::begins_anew,
                           Word::may_not_any_more};

/// The rule in the words of the page, by all that was said: nothing of it is kept on the way.
struct Told {
    std::vector<std::pair<int, Word>> all{};

    [[nodiscard]] bool may_speak(int agent) const {
        for (const auto& [who, word] : all) {
            if (who == agent && word == Word::may_not_any_more) {
                return false;
            }
        }
        return true;
    }
    [[nodiscard]] bool says_present(int agent) const {
        bool is_present = false;
        for (const auto& [who, word] : all) {
            if (who == agent && (word == Word::present || word == Word::gone)) {
                is_present = word == Word::present;
            }
        }
        return is_present;
    }
};

/// Tells both and compares; `depth`: so many words are still to come.
// NOLINTNEXTLINE(misc-no-recursion,readability-function-cognitive-complexity): its depth is given.
void tell_all(const Told& told, const Voices& voices, int depth, int& count) {
    if (depth == 0) {
        return;
    }
    for (int agent = 0; agent < 2; ++agent) {
        for (const Word word : words) {
            Told now = told;
            Voices heard = voices;
            const bool was_allowed = now.may_speak(agent);
            now.all.emplace_back(agent, word);
            const std::string name = std::to_string(agent);
            if (word == Word::present && was_allowed) {
                heard.says_present(name, hang);
            }
            if (word == Word::gone) {
                const bool is_gone =
                    heard.says_gone(name, hang, [&](const std::string& voice, const Symptom&) {
                        return now.may_speak(voice == "0" ? 0 : 1);
                    });
                bool is_expected = was_allowed;
                for (int other = 0; other < 2; ++other) {
                    is_expected = is_expected && !(now.may_speak(other) && now.says_present(other));
                }
                CHECK(is_gone == is_expected);
                count += 1;
            }
            if (word == Word::present && !was_allowed) {
                now.all.pop_back();  // The desk has thrown it away.
            }
            tell_all(now, heard, depth - 1, count);
        }
    }
}

}  // namespace

TEST_CASE(
    "of two agents, in all orders of five words, a symptom has gone when neither says it is "
    "there") {
    int count = 0;
    tell_all(Told{}, Voices{}, 5, count);
    CHECK(count > 10'000);
}

TEST_CASE("what is open no more is forgotten, and nobody holds what comes after it") {
    const MaySpeak all = [](const std::string&, const Symptom&) { return true; };
    Voices voices;
    voices.says_present("a", hang);
    voices.keep(std::vector<Symptom>{hang});
    CHECK_FALSE(voices.says_gone("b", hang, all));
    voices.keep({});
    CHECK(voices.says_gone("b", hang, all));
}

TEST_CASE("one symptom of an instance says nothing of another") {
    const MaySpeak all = [](const std::string&, const Symptom&) { return true; };
    Voices voices;
    voices.says_present("a", hang);
    Symptom down = hang;
    down.kind = SymptomKind::instance_down;
    Symptom other = hang;
    other.subject.name = "payments-2";
    CHECK(voices.says_gone("b", down, all));
    CHECK(voices.says_gone("b", other, all));
    CHECK_FALSE(voices.says_gone("b", hang, all));
}

}  // namespace homeostat::adapters::roles
