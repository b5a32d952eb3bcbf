#include "homeostat/sim/cases/names.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/sim/world/draws.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace homeostat::sim::cases {

namespace {

constexpr auto gateway_words = std::to_array<std::string_view>(
    {"edge",        "gateway", "ingress",  "frontdoor",   "storefront", "web",   "mobile-api",
     "public-api",  "bff",     "portal",   "api",         "router",     "entry", "www",
     "partner-api", "graphql", "webhooks", "proxy-front", "app",        "shop"});

constexpr auto service_words = std::to_array<std::string_view>(
    {"checkout",   "payments", "orders",    "cart",      "catalog",   "search",      "pricing",
     "inventory",  "shipping", "accounts",  "auth",      "sessions",  "profile",     "billing",
     "invoices",   "ledger",   "fraud",     "rates",     "quotes",    "notify",      "email",
     "sms",        "reviews",  "ratings",   "recommend", "ranking",   "ads",         "media",
     "thumbs",     "upload",   "geo",       "maps",      "routing",   "dispatch",    "fleet",
     "drivers",    "booking",  "seats",     "tickets",   "calendar",  "chat",        "presence",
     "feed",       "timeline", "graph",     "tax",       "currency",  "loyalty",     "coupons",
     "gifts",      "returns",  "warehouse", "suppliers", "contracts", "documents",   "translate",
     "consent",    "audit",    "metering",  "quota",     "scoring",   "risk",        "kyc",
     "settlement", "payouts",  "disputes",  "telemetry", "features",  "experiments", "identity",
     "licences",   "stock"});

constexpr auto cache_words =
    std::to_array<std::string_view>({"cache", "redis", "memcached", "lookaside", "hot", "near",
                                     "copies", "valkey", "snapshot", "replica-reads"});

constexpr auto queue_words = std::to_array<std::string_view>(
    {"queue", "events", "kafka", "outbox", "jobs", "stream", "broker", "bus", "tasks", "rabbit"});

constexpr auto database_words =
    std::to_array<std::string_view>({"db", "postgres", "mysql", "store", "primary", "mongo",
                                     "shard", "records", "sqldata", "vault"});

constexpr auto suffixes = std::to_array<std::string_view>(
    {"-api", "-svc", "-core", "-worker", "-engine", "-hub", "-read", "-write"});

[[nodiscard]] std::string_view draw_word(Rng& rng, Split split, std::string_view kind) {
    std::vector<std::string_view> words;
    for (const std::string_view word : words_of(kind)) {
        if (is_in(split, Pool::service, word)) {
            words.push_back(word);
        }
    }
    ensure(!words.empty(), "each side of the split has names of each kind");
    return words[rng.next() % words.size()];
}

[[nodiscard]] std::string draw_plain(Rng& rng, Split split, std::string_view kind) {
    std::string word(draw_word(rng, split, kind));
    if (kind == "gateway") {
        return word;
    }
    if (kind == "service") {
        return draw_chance(rng, 0.5) ? word
                                     : word + std::string(suffixes[rng.next() % suffixes.size()]);
    }
    return std::string(draw_word(rng, split, "service")) + '-' + word;
}

}  // namespace

std::span<const std::string_view> words_of(std::string_view kind) {
    const std::array<std::pair<std::string_view, std::span<const std::string_view>>, 5> kinds{
        {{"gateway", gateway_words},
         {"service", service_words},
         {"cache", cache_words},
         {"queue", queue_words},
         {"database", database_words}}};
    const auto found = std::ranges::find(kinds, kind, [](const auto& one) { return one.first; });
    ensure(found != kinds.end(), "services are of a kind that has names");
    return found->second;
}

std::string draw_name(Rng& rng, Split split, std::string_view kind, std::set<std::string>& taken) {
    constexpr int tries_max = 8;  // Then a number tells it from the others.
    std::string name = draw_plain(rng, split, kind);
    for (int tries = 1; tries < tries_max && taken.contains(name); ++tries) {
        name = draw_plain(rng, split, kind);
    }
    const std::string base = name;
    for (int number = 2; taken.contains(name); ++number) {
        name = fmt::format("{}{}", base, number);
    }
    taken.insert(name);
    return name;
}

std::vector<std::string> draw_versions(Rng& rng, std::size_t count) {
    std::vector<std::string> names;
    const std::int64_t style = rng.between(0, 3);
    std::int64_t number = rng.between(1, 400);
    const std::int64_t major = rng.between(0, 9);
    for (std::size_t index = 0; index < count; ++index) {
        number += rng.between(1, 3);
        switch (style) {
            case 0:
                names.push_back(fmt::format("v{}", number));
                break;
            case 1:
                names.push_back(fmt::format("{}.{}.{}", major, number, rng.between(0, 12)));
                break;
            case 2:
                names.push_back(fmt::format("2026{:02}{:02}.{}", 1 + number / 40 % 12,
                                            1 + number % 28, number));
                break;
            default:
                names.push_back(fmt::format("{:07x}", rng.next() >> 36U));
        }
    }
    return names;
}

std::vector<std::string> draw_zones(Rng& rng, std::size_t count) {
    constexpr auto places = std::to_array<std::string_view>(
        {"eu-west-1", "us-east-2", "europe-north1-", "rack-", "dc", "ap-south-1"});
    const std::string_view place = places[rng.next() % places.size()];
    std::vector<std::string> names;
    for (std::size_t index = 0; index < count; ++index) {
        names.push_back(std::string(place) + static_cast<char>('a' + index));
    }
    return names;
}

}  // namespace homeostat::sim::cases
