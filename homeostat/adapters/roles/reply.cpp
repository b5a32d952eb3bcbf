#include "homeostat/adapters/roles/reply.hpp"

#include "homeostat/base/json.hpp"

#include <algorithm>
#include <chrono>

namespace homeostat::adapters::roles {

namespace {

constexpr std::size_t open_max = 256;  // An executor has 64 incidents, one that is newer has more.
constexpr std::size_t life_bytes_max = 64;
/// No machine is up for longer. Sums of some such moments are moments still.
constexpr Duration up_for_max = std::chrono::hours{24 * 365 * 50};

/// A change of before its boot has a moment before that.
bool can_be(Instant at) {
    const Duration since_boot = at.time_since_epoch();
    return since_boot >= -up_for_max && since_boot <= up_for_max;
}

bool can_be(const Reply& reply) {
    const bool has_moments =
        std::ranges::all_of(reply.open,
                            [](const Symptom& symptom) {
                                return can_be(symptom.began_at) && can_be(symptom.noticed_at);
                            }) &&
        std::ranges::all_of(reply.changes, [](const Change& change) { return can_be(change.at); });
    // An agent that begins counts one on.
    return has_moments && can_be(reply.now) && reply.now >= Instant{} && reply.epoch < number_max;
}

}  // namespace

Result<Reply> parse_reply(std::string_view text) {
    const Result<json::value> value =
        parse_json(text, JsonLimits{.bytes_max = reply_bytes_max, .depth_max = 16});
    if (!value) {
        return fail(Fault::broken, "no reply of an executor: " + value.error().text);
    }
    Result<Reply> reply = from_json<Reply>(*value);
    if (!reply) {
        return fail(Fault::broken, "no reply of an executor: " + reply.error().text +
                                       " (are both roles of one version?)");
    }
    if (reply->standings.size() > 2 * symptoms_max || reply->open.size() > open_max ||
        reply->changes.size() > changes_max || reply->places.size() > places_max ||
        reply->life.size() > life_bytes_max || reply->boot_id.size() > life_bytes_max ||
        reply->stamp.size() > life_bytes_max) {
        return fail(Fault::broken, "no reply of an executor: too much is in it");
    }
    if (!can_be(*reply)) {
        return fail(Fault::broken, "no reply of an executor: a number or a moment that cannot be");
    }
    return reply;
}

}  // namespace homeostat::adapters::roles
