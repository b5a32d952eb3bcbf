// Which families, names and wordings are held out. The lists are frozen: a change would let a model
// be judged on what it was trained on.

#include "homeostat/sim/cases/split.hpp"

#include "homeostat/base/fnv1a.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/sim/cases/names.hpp"
#include "homeostat/sim/cases/plot.hpp"
#include "homeostat/sim/cases/wordings.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

namespace homeostat::sim::cases {

namespace {

[[nodiscard]] std::string joined(const std::vector<FaultKind>& kinds) {
    std::string text;
    for (const FaultKind kind : kinds) {
        text += std::string(text.empty() ? "" : " ") + std::string(to_text(kind));
    }
    return text;
}

[[nodiscard]] std::string held_out_words(std::string_view kind) {
    std::string text;
    for (const std::string_view word : words_of(kind)) {
        if (is_held_out(Pool::service, word)) {
            text += std::string(text.empty() ? "" : " ") + std::string(word);
        }
    }
    return text;
}

}  // namespace

TEST_CASE("the families that no training sees stay the same") {
    CHECK(joined(families_of(Split::held_out)) ==
          "crash slow_service cache_loss retry_storm expired_certificate clock_skew");
    CHECK(families_of(Split::train).size() + families_of(Split::held_out).size() ==
          families_of(Split::all).size());
    CHECK(families_of(Split::all).size() >= 25);
    CHECK(families_of(Split::new_words) == families_of(Split::train));
}

TEST_CASE("what a restart heals is on both sides") {
    const std::vector<FaultKind> trained = families_of(Split::train);
    CHECK(std::ranges::count(trained, FaultKind::hang) == 1);
    CHECK(std::ranges::count(trained, FaultKind::crash) == 0);
}

TEST_CASE("the names that no training sees stay the same") {
    CHECK(held_out_words("gateway") == "ingress storefront public-api entry graphql proxy-front");
    CHECK(held_out_words("service") ==
          "orders shipping profile sms reviews recommend thumbs upload routing loyalty coupons "
          "contracts consent metering settlement disputes");
    CHECK(held_out_words("cache") == "redis memcached hot");
    CHECK(held_out_words("queue") == "outbox");
    CHECK(held_out_words("database") == "primary vault");
}

TEST_CASE("the wordings that no training sees stay the same") {
    std::string held_out;
    std::size_t count = 0;
    for (const Wording& wording : all_wordings()) {
        if (is_held_out(Pool::wording, wording.text)) {
            held_out += std::string(wording.text) + '\n';
            count += 1;
        }
    }
    MESSAGE(count << " of " << all_wordings().size() << " wordings are held out");
    CHECK(count == 52);
    CHECK(fnv1a(held_out) == 68344429742163223ULL);
}

TEST_CASE("a symptom is told of on both sides, and a wording is about something there is") {
    std::set<std::string_view> symptoms;
    for (const Wording& wording : all_wordings()) {
        if (!parse_enum<FaultKind>(wording.about)) {
            symptoms.insert(wording.about);
        }
    }
    CHECK(symptoms == std::set<std::string_view>{
                          "attack", "cache_cold", "cache_unreachable", "call_failed",
                          "call_refused", "call_timeout", "copies_differ", "exited", "queue_full",
                          "request_failed", "rollout", "routine", "slow_request", "started"});
    for (const std::string_view symptom : symptoms) {
        CAPTURE(symptom);
        Rng rng(1);
        CHECK(draw_wording(rng, Split::train, symptom).has_value());
        CHECK(draw_wording(rng, Split::held_out, symptom).has_value());
    }
}

TEST_CASE("each family has words of its own where it may be drawn") {
    for (const Split split : {Split::train, Split::held_out}) {
        for (const FaultKind kind : families_of(split)) {
            CAPTURE(to_text(kind));
            Rng rng(1);
            CHECK(draw_wording(rng, split, to_text(kind)).has_value());
        }
    }
}

TEST_CASE("a name is drawn from its side only, and no two are equal") {
    Rng rng(3);
    std::set<std::string> taken;
    for (int drawn = 0; drawn < 200; ++drawn) {
        const std::string name = draw_name(rng, Split::held_out, "gateway", taken);
        const std::string word = name.substr(0, name.find_last_not_of("0123456789") + 1);
        CHECK(is_held_out(Pool::service, word));
    }
    CHECK(taken.size() == 200);
}

}  // namespace homeostat::sim::cases
