#include "examples/payment_gateway/faults/fault_book.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>

namespace payment_gateway {

namespace json = boost::json;

namespace {

struct NumberField {
    std::string_view name;
    double most;
};

constexpr std::array number_fields{
    NumberField{"error_share", 1},     NumberField{"leak_mb_per_s", 1'000},
    NumberField{"stall_at_mb", 1'000}, NumberField{"slow_ms", 60'000},
    NumberField{"burst_ms", 60'000},   NumberField{"stale_percent", 100},
    NumberField{"stale_ms", 60'000}};
constexpr std::array<std::string_view, 4> flag_fields{"fail", "hang", "healthz_lies",
                                                      "renewal_off"};

bool covers(std::string_view wide, std::string_view narrow) {
    return wide.empty() || wide == narrow;
}

/// Says whether `key` is a fault and `value` one it can have; nothing when it is no fault at all.
std::optional<bool> is_good_fault(std::string_view key, const json::value& value) {
    for (const NumberField& field : number_fields) {
        if (field.name == key) {
            return value.is_number() && value.to_number<double>() >= 0 &&
                   value.to_number<double>() <= field.most;
        }
    }
    if (std::ranges::find(flag_fields, key) != flag_fields.end()) {
        return value.is_bool();
    }
    return std::nullopt;
}

/// One command on its way from text, with the flags that say what it is for.
struct Draft {
    FaultCommand command;
    bool does_clear{};
    bool does_count{};

    std::string* text_field(std::string_view key);
    bool* flag_field(std::string_view key);
    std::expected<void, std::string> take(std::string_view key, const json::value& value);
    std::expected<FaultCommand, std::string> finish() &&;
};

std::string* Draft::text_field(std::string_view key) {
    if (key == "service") {
        return &command.address.service;
    }
    if (key == "instance") {
        return &command.address.name;
    }
    return key == "version" ? &command.address.version : nullptr;
}

bool* Draft::flag_field(std::string_view key) {
    if (key == "clear") {
        return &does_clear;
    }
    if (key == "count") {
        return &does_count;
    }
    return key == "present_only" ? &command.is_present_only : nullptr;
}

std::expected<void, std::string> Draft::take(std::string_view key, const json::value& value) {
    bool is_good = false;
    if (std::string* text = text_field(key)) {
        is_good = value.is_string();
        *text = is_good ? std::string{value.get_string()} : std::string{};
    } else if (bool* flag = flag_field(key)) {
        is_good = value.is_bool();
        *flag = is_good && value.get_bool();
    } else if (const auto is_good_value = is_good_fault(key, value)) {
        is_good = *is_good_value;
        command.faults[key] = value;
    } else {
        return std::unexpected(fmt::format("unknown key '{}'", key));
    }
    if (!is_good) {
        return std::unexpected(fmt::format("'{}' has an impossible value", key));
    }
    return {};
}

/// Says what the command is for, once all its keys are known.
std::expected<FaultCommand, std::string> Draft::finish() && {
    using Kind = FaultCommand::Kind;
    const bool has_faults = !command.faults.empty();
    const bool is_burst = command.faults.contains("burst_ms");
    const int purpose_count = int{does_clear} + int{does_count} + int{has_faults};
    if (purpose_count != 1 || (is_burst && command.faults.size() != 1)) {
        return std::unexpected("want faults, or burst_ms alone, or clear, or count");
    }
    if (has_faults && command.address.service.empty()) {
        return std::unexpected("a fault needs a 'service'");
    }
    if (has_faults) {
        command.kind = is_burst ? Kind::burst : Kind::set;
    } else {
        command.kind = does_clear ? Kind::clear : Kind::count;
    }
    return std::move(command);
}

}  // namespace

bool Address::matches(const Receiver& receiver) const {
    return covers(service, receiver.service) && covers(name, receiver.name) &&
           covers(version, receiver.version);
}

std::expected<FaultCommand, std::string> parse_fault_command(std::string_view line) {
    boost::system::error_code error;
    const json::value document = json::parse(line, error);
    if (error || !document.is_object()) {
        return std::unexpected("not a JSON object");
    }
    Draft draft;
    for (const auto& [key, value] : document.get_object()) {
        if (const auto taken = draft.take(key, value); !taken) {
            return std::unexpected(taken.error());
        }
    }

    return std::move(draft).finish();
}

void FaultBook::set(const FaultCommand& command, const std::vector<Receiver>& present) {
    std::erase_if(entries_,
                  [&command](const Entry& entry) { return entry.address == command.address; });
    Entry entry{command.address, command.faults, command.is_present_only, {}};
    for (const Receiver& receiver : present) {
        if (command.address.matches(receiver)) {
            entry.present_ids.push_back(receiver.id);
        }
    }
    entries_.push_back(std::move(entry));
}

void FaultBook::clear(const Address& address) {
    std::erase_if(entries_, [&address](const Entry& entry) {
        return covers(address.service, entry.address.service) &&
               covers(address.name, entry.address.name) &&
               covers(address.version, entry.address.version);
    });
}

json::object FaultBook::faults_for(const Receiver& receiver) const {
    json::object faults;
    for (const Entry& entry : entries_) {
        if (!entry.holds_for(receiver)) {
            continue;
        }
        for (const auto& [key, value] : entry.faults) {
            faults[key] = value;
        }
    }
    return faults;
}

bool FaultBook::Entry::holds_for(const Receiver& receiver) const {
    const bool was_present = std::ranges::find(present_ids, receiver.id) != present_ids.end();
    return address.matches(receiver) && (was_present || !is_present_only);
}

}  // namespace payment_gateway
