// Any bytes for HAProxy's stick tables and their entries: the parsers refuse, or take just one
// reply.

#include "homeostat/adapters/haproxy/runtime_reply.hpp"
#include "homeostat/base/ensure.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace haproxy = homeostat::adapters::haproxy;

namespace {

void read_shapes(std::string_view rest) {
    while (!rest.empty()) {
        const std::string_view before = rest;
        const auto shape = haproxy::take_shape(rest, "circuits");
        homeostat::ensure(before.ends_with(rest), "what is left is the end of what was given");
        if (!shape && shape.error().fault != homeostat::Fault::absent) {
            homeostat::ensure(shape.error().text.size() < 500, "a refusal is short");
            break;
        }
        homeostat::ensure(rest.size() < before.size(), "every reply that is understood ends");
    }
}

/// An entry before an order, what HAProxy says of that, and the entry after it.
void read_changes(std::string_view rest) {
    for (bool is_order = false; !rest.empty(); is_order = !is_order) {
        const std::string_view before = rest;
        homeostat::Result<void> taken;
        if (is_order) {
            const auto complaint = haproxy::take_complaint(rest);
            homeostat::ensure(!complaint || complaint->size() <= 200, "a complaint is short");
            taken = complaint ? taken : std::unexpected(complaint.error());
        } else {
            const auto entry = haproxy::take_entry(rest, "circuits", "fraud");
            const std::string_view reply = before.substr(0, before.size() - rest.size());
            homeostat::ensure(!entry || !*entry || reply.contains("key=fraud"),
                              "only our own entry says what is held back");
            taken = entry ? taken : std::unexpected(entry.error());
        }
        homeostat::ensure(before.ends_with(rest), "what is left is the end of what was given");
        if (!taken) {
            homeostat::ensure(taken.error().text.size() < 500, "a refusal is short");
            break;
        }
        homeostat::ensure(rest.size() < before.size(), "every reply that is understood ends");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    read_shapes(text);
    read_changes(text);
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::string_view before = rest;
        const auto is_open = haproxy::take_switch(rest, "circuits", "fraud");
        homeostat::ensure(before.ends_with(rest), "what is left is the end of what was given");
        if (is_open) {
            const std::string_view taken = before.substr(0, before.size() - rest.size());
            homeostat::ensure(taken.ends_with('\n'), "a reply is taken with its end");
            homeostat::ensure(!*is_open || taken.find("key=fraud") != std::string_view::npos,
                              "only our own entry opens a circuit");
        } else if (is_open.error().fault != homeostat::Fault::absent) {
            homeostat::ensure(is_open.error().text.size() < 500, "a refusal is short");
            break;
        }
        homeostat::ensure(rest.size() < before.size(), "every reply that is understood ends");
    }
    return 0;
}
