#include "homeostat/base/fields.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace homeostat::fields_detail {

namespace {

constexpr std::size_t shown_bytes_max = 60;  // Enough to recognise the value, never a whole blob.

std::string shown(std::string_view text) {
    const bool is_short = text.size() <= shown_bytes_max;
    return std::string(text.substr(0, shown_bytes_max)) + (is_short ? "" : "…");
}

}  // namespace

Error wrong_type(std::string_view wanted, const json::value& value) {
    return Error{Fault::invalid,
                 "must be " + std::string(wanted) + ", not " + shown(to_text(value))};
}

Error missing_field(std::string_view name) {
    return Error{Fault::invalid, "the field '" + std::string(name) + "' is missing"};
}

Error unknown_field(std::string_view name) {
    return Error{Fault::invalid, "the field '" + shown(name) + "' is not known here"};
}

Error unknown_name(std::string_view name) {
    return Error{Fault::invalid, "'" + shown(name) + "' is not one of the names allowed here"};
}

Error inside(std::string_view name, Error error) {
    return Error{error.fault, std::string(name) + ": " + error.text};
}

Error inside_element(std::size_t index, Error error) {
    return inside("[" + std::to_string(index) + "]", std::move(error));
}

std::optional<Error> Codec<bool>::read(const json::value& value, bool& out) {
    if (!value.is_bool()) {
        return wrong_type("true or false", value);
    }
    out = value.get_bool();
    return std::nullopt;
}

std::optional<Error> Codec<std::string>::read(const json::value& value, std::string& out) {
    if (!value.is_string()) {
        return wrong_type("a text", value);
    }
    out = std::string(value.get_string());
    return std::nullopt;
}

std::optional<Error> Codec<double>::read(const json::value& value, double& out) {
    if (!value.is_number()) {
        return wrong_type("a number", value);
    }
    out = value.to_number<double>();
    return std::nullopt;
}

std::optional<Error> read_signed(const json::value& value, std::int64_t& out) {
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (value.is_uint64() && value.get_uint64() <= most) {
        out = static_cast<std::int64_t>(value.get_uint64());
        return std::nullopt;
    }
    if (!value.is_int64()) {
        return wrong_type("a whole number", value);
    }
    out = value.get_int64();
    return std::nullopt;
}

std::optional<Error> read_unsigned(const json::value& value, std::uint64_t& out) {
    if (value.is_int64() && value.get_int64() >= 0) {
        out = static_cast<std::uint64_t>(value.get_int64());
        return std::nullopt;
    }
    if (!value.is_uint64()) {
        return wrong_type("a whole number of zero or more", value);
    }
    out = value.get_uint64();
    return std::nullopt;
}

std::optional<Error> Codec<Duration>::read(const json::value& value, Duration& out) {
    std::int64_t count{};
    std::optional<Error> error = read_signed(value, count);
    out = Duration{count};
    return error;
}

std::optional<Error> Codec<Instant>::read(const json::value& value, Instant& out) {
    Duration since_boot{};
    std::optional<Error> error = Codec<Duration>::read(value, since_boot);
    out = Instant{since_boot};
    return error;
}

std::optional<Error> Codec<WallTime>::read(const json::value& value, WallTime& out) {
    std::int64_t count{};
    std::optional<Error> error = read_signed(value, count);
    out = WallTime{std::chrono::milliseconds{count}};
    return error;
}

const json::value* MembersRead::next(std::string_view name, bool is_needed) {
    names_.push_back(name);
    const json::value* member = object_.if_contains(name);
    known_count_ += member != nullptr ? 1 : 0;
    if (error_) {
        return nullptr;
    }
    if (member == nullptr && is_needed) {
        error_ = missing_field(name);
    }
    return member;
}

void MembersRead::take(std::string_view name, std::optional<Error> error) {
    if (error) {
        error_ = inside(name, std::move(*error));
    }
}

std::optional<Error> MembersRead::finish() {
    if (error_ || known_count_ == object_.size()) {
        return std::move(error_);
    }
    for (const auto& member : object_) {
        const std::string_view key(member.key());
        const bool is_known = key == "kind" || std::ranges::find(names_, key) != names_.end();
        if (!is_known) {
            return unknown_field(key);
        }
    }
    return unknown_field("kind");
}

}  // namespace homeostat::fields_detail
