#include "homeostat/adapters/roles/reply.hpp"

#include "homeostat/base/json.hpp"

namespace homeostat::adapters::roles {

namespace {

constexpr std::size_t open_max = 256;  // An executor has 64 incidents, one that is newer has more.
constexpr std::size_t life_bytes_max = 64;

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
        reply->epoch > number_max) {
        return fail(Fault::broken, "no reply of an executor: too much is in it");
    }
    return reply;
}

}  // namespace homeostat::adapters::roles
