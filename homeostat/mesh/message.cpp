#include "homeostat/mesh/message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <set>

namespace homeostat::mesh {

namespace {

constexpr std::uint32_t count_max = 100'000'000;  // Of requests in one window.
constexpr std::uint32_t wait_ms_max = 600'000;    // Nobody waits for longer than ten minutes.
constexpr std::uint32_t permille_max = 1'000;
constexpr std::uint32_t level_max = 3;
constexpr std::uint32_t self_health_most = 8;

/// Remembers the first field that is out of its bounds.
class Bounds {
  public:
    void number(std::string_view name, std::uint64_t value, std::uint64_t low, std::uint64_t high) {
        if (!wrong_ && (value < low || value > high)) {
            wrong_ = fmt::format("{} is {}; {} to {} are allowed", name, value, low, high);
        }
    }
    void name(std::string_view field, std::string_view text, std::size_t bytes_max) {
        if (!wrong_ && (!is_plain_name(text) || text.size() > bytes_max)) {
            wrong_ = fmt::format("{} is no plain name of 1 to {} bytes", field, bytes_max);
        }
    }
    void must(bool holds, std::string_view says) {
        if (!wrong_ && !holds) {
            wrong_ = std::string(says);
        }
    }
    void route(const RouteId& id) { name("route", id.text(), name_bytes_max); }
    void mode(const ModeId& id) { name("mode", id.text(), mode_bytes_max); }
    void rate(std::string_view field, std::uint32_t value) { number(field, value, 0, rate_max); }
    void ttl(std::uint32_t value) { number("ttl_ms", value, ttl_ms_min, ttl_ms_max); }
    void count(std::string_view field, std::uint64_t value) { number(field, value, 1, number_max); }

    [[nodiscard]] std::optional<std::string> wrong() const { return wrong_; }

  private:
    std::optional<std::string> wrong_;
};

void check(Bounds& bounds, const Beacon& body) {
    bounds.number("level", body.level, 0, level_max);
    bounds.number("queue_ms", body.queue_ms, 0, wait_ms_max);
    bounds.number("inflight_count", body.inflight_count, 0, count_max);
    bounds.rate("floor_rps", body.floor_rps);
    bounds.number("self_health", body.self_health, 0, self_health_most);
}

void check(Bounds& bounds, const CallForProposals& body) {
    bounds.route(body.route);
    bounds.count("ask", body.ask);
    bounds.number("the length of menu", body.menu.size(), 1, menu_count_max);
    for (const ModeId& mode : body.menu) {
        bounds.mode(mode);
    }
    const std::set<ModeId> distinct(body.menu.begin(), body.menu.end());
    bounds.must(distinct.size() == body.menu.size(), "a mode stands twice in menu");
    bounds.number("errors_permille", body.evidence.errors_permille, 0, permille_max);
    bounds.number("p95_ms", body.evidence.p95_ms, 0, wait_ms_max);
    bounds.number("queue_ms", body.evidence.queue_ms, 0, wait_ms_max);
    bounds.number("window_ms", body.evidence.window_ms, 1, wait_ms_max);
    bounds.number("requests_count", body.evidence.requests_count, 0, count_max);
}

void check(Bounds& bounds, const Offer& body) {
    bounds.route(body.route);
    bounds.count("ask", body.ask);
    bounds.count("pledge", body.pledge);
    bounds.mode(body.mode);
    bounds.rate("rps_max", body.rps_max);
    bounds.ttl(body.ttl_ms);
}

void check(Bounds& bounds, const Refuse& body) {
    bounds.route(body.route);
    bounds.count("number", body.number);
}

void check(Bounds& bounds, const Accept& body) {
    bounds.route(body.route);
    bounds.count("pledge", body.pledge);
    bounds.number("turn", body.turn, 0, number_max);
    bounds.mode(body.mode);
    bounds.rate("rps_max", body.rps_max);
}

void check(Bounds& bounds, const Renew& body) {
    bounds.route(body.route);
    bounds.count("pledge", body.pledge);
    bounds.count("turn", body.turn);
    bounds.mode(body.mode);
    bounds.rate("rps_max", body.rps_max);
    bounds.ttl(body.ttl_ms);
}

void check(Bounds& bounds, const Release& body) {
    bounds.route(body.route);
    bounds.count("pledge", body.pledge);
}

void check(Bounds& bounds, const Revoke& body) {
    bounds.route(body.route);
    bounds.count("pledge", body.pledge);
}

void check(Bounds& bounds, const RequestCapacity& body) {
    bounds.route(body.route);
    bounds.count("ask", body.ask);
    bounds.number("rps", body.rps, 1, rate_max);
    bounds.ttl(body.ttl_ms);
}

void check(Bounds& bounds, const Grant& body) {
    bounds.route(body.route);
    bounds.count("ask", body.ask);
    bounds.number("rps", body.rps, 1, rate_max);
    bounds.ttl(body.ttl_ms);
}

void check(Bounds& bounds, const Deny& body) {
    bounds.route(body.route);
    bounds.count("ask", body.ask);
}

void check(Bounds& bounds, const OutcomeReport& body) {
    bounds.route(body.route);
    bounds.count("pledge", body.pledge);
    bounds.rate("goodput_rps", body.goodput_rps);
    bounds.number("errors_permille", body.errors_permille, 0, permille_max);
}

void check(Bounds& bounds, const Intend& body) {
    bounds.count("ask", body.ask);
}

void check(Bounds& bounds, const Word& body) {
    bounds.count("ask", body.ask);
    bounds.number("lasts_ms", body.lasts_ms, 0, word_ms_max);
}

bool is_hex(std::string_view text) {
    return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_hex_not_zero(std::string_view text) {
    return is_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

bool is_traceparent(std::string_view text) {
    constexpr std::size_t text_bytes = 55;
    constexpr std::size_t trace_at = 3;
    constexpr std::size_t trace_digits = 32;
    constexpr std::size_t parent_at = 36;
    constexpr std::size_t parent_digits = 16;
    constexpr std::size_t flags_at = 53;
    return text.size() == text_bytes && text.starts_with("00-") && text[parent_at - 1] == '-' &&
           text[flags_at - 1] == '-' && is_hex_not_zero(text.substr(trace_at, trace_digits)) &&
           is_hex_not_zero(text.substr(parent_at, parent_digits)) && is_hex(text.substr(flags_at));
}

std::optional<std::string> objection_to(const Message& message) {
    Bounds bounds;
    const bool is_beacon = std::holds_alternative<Beacon>(message.body);
    bounds.number("v", message.version, message_version, message_version);
    bounds.name("from", message.from.text(), name_bytes_max);
    bounds.name("to", message.to.text(), name_bytes_max);
    bounds.must(message.from != message.to, "from and to are the same");
    bounds.count("epoch", message.epoch);
    bounds.number("to_epoch", message.to_epoch, is_beacon ? 0 : 1, number_max);
    bounds.count("sequence", message.sequence);
    bounds.number("sent_ms", message.sent_ms, 0, number_max);
    bounds.number("valid_ms", message.valid_ms, 1, valid_ms_max);
    if (is_beacon) {
        bounds.must(message.thread == Thread{}, "a beacon belongs to no incident and no trace");
    } else {
        bounds.name("incident", message.thread.incident.text(), name_bytes_max);
        bounds.must(is_traceparent(message.thread.traceparent), "traceparent is none of W3C's");
    }
    std::visit([&bounds](const auto& body) { check(bounds, body); }, message.body);
    return bounds.wrong();
}

Duration valid_for(const Body& body) {
    const bool is_in_time_only =
        std::holds_alternative<CallForProposals>(body) || std::holds_alternative<Offer>(body) ||
        std::holds_alternative<RequestCapacity>(body) || std::holds_alternative<Grant>(body) ||
        std::holds_alternative<Deny>(body) || std::holds_alternative<Intend>(body) ||
        std::holds_alternative<Word>(body);
    // Who asks waits 50 ms for all of it. The others still help a second later.
    return is_in_time_only ? std::chrono::milliseconds{50} : std::chrono::seconds{1};
}

}  // namespace homeostat::mesh
