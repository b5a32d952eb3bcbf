#pragma once

// Codec<T>: how a plain value becomes JSON and is read back. Structs, lists and variants are made
// of these in fields.hpp, which is what the rest of the project includes.
//
// `read` gives nothing when all is well, else the reason; `out` then holds something harmless.
//
// Pure.

#include "homeostat/base/id.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/base/time.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace homeostat::fields_detail {

template <class T>
struct Codec;

[[nodiscard]] Error wrong_type(std::string_view wanted, const json::value& value);
[[nodiscard]] Error missing_field(std::string_view name);
[[nodiscard]] Error unknown_field(std::string_view name);
[[nodiscard]] Error unknown_name(std::string_view name);
[[nodiscard]] Error inside(std::string_view name, Error error);
[[nodiscard]] Error inside_element(std::size_t index, Error error);

template <>
struct Codec<bool> {
    static json::value write(bool value) { return value; }
    static std::optional<Error> read(const json::value& value, bool& out);
};

template <>
struct Codec<std::string> {
    static json::value write(const std::string& value) { return json::value(value); }
    static std::optional<Error> read(const json::value& value, std::string& out);
};

template <>
struct Codec<double> {
    static json::value write(double value) { return value; }
    static std::optional<Error> read(const json::value& value, double& out);
};

[[nodiscard]] std::optional<Error> read_signed(const json::value& value, std::int64_t& out);
[[nodiscard]] std::optional<Error> read_unsigned(const json::value& value, std::uint64_t& out);

template <std::integral T>
    requires(!std::same_as<T, bool>)
struct Codec<T> {
    using Wide = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
    static json::value write(T value) { return static_cast<Wide>(value); }
    static std::optional<Error> read(const json::value& value, T& out) {
        Wide wide{};
        std::optional<Error> error;
        if constexpr (std::is_signed_v<T>) {
            error = read_signed(value, wide);
        } else {
            error = read_unsigned(value, wide);
        }
        if (!error && !std::in_range<T>(wide)) {
            error = wrong_type("a smaller number", value);
        }
        out = static_cast<T>(wide);
        return error;
    }
};

template <>
struct Codec<json::value> {
    static json::value write(const json::value& value) { return value; }
    static std::optional<Error> read(const json::value& value, json::value& out) {
        out = value;
        return std::nullopt;
    }
};

template <class Tag>
struct Codec<Id<Tag>> {
    static json::value write(const Id<Tag>& value) { return json::value(value.text()); }
    static std::optional<Error> read(const json::value& value, Id<Tag>& out) {
        std::string text;
        std::optional<Error> error = Codec<std::string>::read(value, text);
        out = Id<Tag>(std::move(text));
        return error;
    }
};

template <>
struct Codec<Duration> {
    static json::value write(Duration value) { return value.count(); }
    static std::optional<Error> read(const json::value& value, Duration& out);
};

template <>
struct Codec<Instant> {
    static json::value write(Instant value) { return to_ns(value); }
    static std::optional<Error> read(const json::value& value, Instant& out);
};

template <>
struct Codec<WallTime> {
    static json::value write(WallTime value) { return value.time_since_epoch().count(); }
    static std::optional<Error> read(const json::value& value, WallTime& out);
};

template <NamedEnum E>
struct Codec<E> {
    static json::value write(E value) { return json::value(std::string(to_text(value))); }
    static std::optional<Error> read(const json::value& value, E& out) {
        std::string text;
        if (std::optional<Error> error = Codec<std::string>::read(value, text)) {
            return error;
        }
        const std::optional<E> parsed = parse_enum<E>(text);
        out = parsed.value_or(E{});
        return parsed ? std::nullopt : std::optional<Error>(unknown_name(text));
    }
};

template <class T>
struct Codec<std::optional<T>> {
    static json::value write(const std::optional<T>& value) {
        return value ? Codec<T>::write(*value) : json::value(nullptr);
    }
    static std::optional<Error> read(const json::value& value, std::optional<T>& out) {
        out.reset();
        if (value.is_null()) {
            return std::nullopt;
        }
        return Codec<T>::read(value, out.emplace());
    }
};

template <class T>
struct Codec<std::vector<T>> {
    static json::value write(const std::vector<T>& values) {
        json::array array;
        array.reserve(values.size());
        for (const T& value : values) {
            array.push_back(Codec<T>::write(value));
        }
        return array;
    }
    static std::optional<Error> read(const json::value& value, std::vector<T>& out) {
        if (!value.is_array()) {
            return wrong_type("a list", value);
        }
        out.clear();
        for (const json::value& element : value.get_array()) {
            if (std::optional<Error> error = Codec<T>::read(element, out.emplace_back())) {
                return inside_element(out.size() - 1, std::move(*error));
            }
        }
        return std::nullopt;
    }
};

/// An object; its members are named as a key would be written: texts, ids, names of an enum.
template <class Key, class T>
struct Codec<std::map<Key, T>> {
    static json::value write(const std::map<Key, T>& values) {
        json::object object;
        for (const auto& [key, value] : values) {
            object[Codec<Key>::write(key).get_string()] = Codec<T>::write(value);
        }
        return object;
    }
    static std::optional<Error> read(const json::value& value, std::map<Key, T>& out) {
        if (!value.is_object()) {
            return wrong_type("an object", value);
        }
        out.clear();
        for (const auto& member : value.get_object()) {
            Key key{};
            std::optional<Error> error = Codec<Key>::read(json::value(member.key()), key);
            if (!error) {
                error = Codec<T>::read(member.value(), out[std::move(key)]);
            }
            if (error) {
                return inside(std::string(member.key()), std::move(*error));
            }
        }
        return std::nullopt;
    }
};

}  // namespace homeostat::fields_detail
