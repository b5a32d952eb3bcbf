#include "homeostat/adapters/nats/message_id.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <system_error>

namespace homeostat::adapters::nats {

namespace {

template <class Number>
bool take_number(std::string_view& text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return error == std::errc{};
}

}  // namespace

std::optional<outbox::EntryPlace> place_of(std::string_view message_id, std::string_view ledger) {
    if (!message_id.starts_with(ledger) || message_id.size() == ledger.size()) {
        return std::nullopt;
    }
    std::string_view rest = message_id.substr(ledger.size());
    outbox::EntryPlace place;
    const auto take_dot = [&rest] {
        const bool is_dot = rest.starts_with('.');
        rest.remove_prefix(is_dot ? 1 : 0);
        return is_dot;
    };
    const bool is_ours = take_dot() && take_number(rest, place.group) && take_dot() &&
                         take_number(rest, place.entry) && rest.empty();
    return is_ours ? std::optional(place) : std::nullopt;
}

std::string subject_of(std::string_view service, std::string_view ledger) {
    constexpr std::size_t ledger_digits = 16;
    std::string name(service);
    std::ranges::replace(name, '.', '_');
    return "homeostat." + name + "." + std::string(ledger.substr(0, ledger_digits));
}

}  // namespace homeostat::adapters::nats
