#pragma once

// BinaryCodec<T>: how a plain value becomes bytes and is read back; what Codec<T> is for JSON.
// Lists, structs and variants are made of these in binary.hpp, which is what the rest of the
// project includes.
//
// Each has the same four functions:
//     write      appends the value
//     read       gives nothing when all is well, else the reason; `out` is then something harmless
//     bytes_min  the fewest bytes that a value takes, which bounds how many there can be
//     describe   appends to the layout whatever decides how the bytes are read
//
// Pure.

#include "homeostat/base/binary_reader.hpp"
#include "homeostat/base/binary_writer.hpp"
#include "homeostat/base/id.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/base/time.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace homeostat::binary_detail {

template <class T>
struct BinaryCodec;

/// Makes `out` of what was taken, or gives the reason why nothing was.
template <class Out, class Taken>
[[nodiscard]] std::optional<Error> put(const Result<Taken>& taken, Out& out) {
    if (!taken) {
        return taken.error();
    }
    out = Out(*taken);
    return std::nullopt;
}

/// A place on a list of `count`: of an enum's names, of a variant's kinds.
/// ERRORS: corrupt: past the list.
[[nodiscard]] Result<std::size_t> take_index(BinaryReader& reader, std::size_t count);

/// "6:colour": no name can pass for what follows it.
void describe_name(std::string_view name, std::string& layout);

template <>
struct BinaryCodec<bool> {
    static void write(bool value, std::string& out) { write_bool(value, out); }
    static std::optional<Error> read(BinaryReader& reader, bool& out) {
        return put(reader.take_bool(), out);
    }
    static std::size_t bytes_min() { return 1; }
    static void describe(std::string& layout) { layout += "bool"; }
};

template <std::integral T>
    requires(!std::same_as<T, bool>)
struct BinaryCodec<T> {
    static void write(T value, std::string& out) {
        if constexpr (std::is_signed_v<T>) {
            write_signed(value, out);
        } else {
            write_unsigned(value, out);
        }
    }
    static std::optional<Error> read(BinaryReader& reader, T& out) {
        const std::size_t begin = reader.offset();
        if constexpr (std::is_signed_v<T>) {
            return put_in_range(begin, reader.take_signed(), out);
        } else {
            return put_in_range(begin, reader.take_unsigned(), out);
        }
    }
    static std::size_t bytes_min() { return 1; }
    static void describe(std::string& layout) {
        layout += (std::is_signed_v<T> ? 'i' : 'u') + std::to_string(8 * sizeof(T));
    }

  private:
    template <class Wide>
    static std::optional<Error> put_in_range(std::size_t begin,
                                             const Result<Wide>& number,
                                             T& out) {
        if (number && !std::in_range<T>(*number)) {
            std::string says = std::to_string(*number) + " is out of range for ";
            describe(says);
            return corrupt_at(begin, says);
        }
        return put(number, out);
    }
};

template <>
struct BinaryCodec<double> {
    static void write(double value, std::string& out) { write_double(value, out); }
    static std::optional<Error> read(BinaryReader& reader, double& out) {
        return put(reader.take_double(), out);
    }
    static std::size_t bytes_min() { return sizeof(double); }
    static void describe(std::string& layout) { layout += "f64"; }
};

template <>
struct BinaryCodec<std::string> {
    static void write(const std::string& value, std::string& out) { write_text(value, out); }
    static std::optional<Error> read(BinaryReader& reader, std::string& out) {
        return put(reader.take_text(), out);
    }
    static std::size_t bytes_min() { return 1; }
    static void describe(std::string& layout) { layout += "text"; }
};

template <>
struct BinaryCodec<json::value> {
    static void write(const json::value& value, std::string& out);
    static std::optional<Error> read(BinaryReader& reader, json::value& out);
    static std::size_t bytes_min() { return 1; }
    static void describe(std::string& layout) { layout += "json"; }
};

template <class Tag>
struct BinaryCodec<Id<Tag>> {
    static void write(const Id<Tag>& value, std::string& out) { write_text(value.text(), out); }
    static std::optional<Error> read(BinaryReader& reader, Id<Tag>& out) {
        std::string text;
        std::optional<Error> error = BinaryCodec<std::string>::read(reader, text);
        out = Id<Tag>(std::move(text));
        return error;
    }
    static std::size_t bytes_min() { return 1; }
    static void describe(std::string& layout) { layout += "id"; }
};

template <>
struct BinaryCodec<Duration> {
    static void write(Duration value, std::string& out) { write_signed(value.count(), out); }
    static std::optional<Error> read(BinaryReader& reader, Duration& out) {
        return put(reader.take_signed(), out);
    }
    static std::size_t bytes_min() { return 1; }
    static void describe(std::string& layout) { layout += "ns"; }
};

/// Nanoseconds since boot, or milliseconds since 1970.
template <class Point>
    requires(std::same_as<Point, Instant> || std::same_as<Point, WallTime>)
struct BinaryCodec<Point> {
    static void write(Point value, std::string& out) {
        write_signed(value.time_since_epoch().count(), out);
    }
    static std::optional<Error> read(BinaryReader& reader, Point& out) {
        typename Point::duration since{};
        std::optional<Error> error = put(reader.take_signed(), since);
        out = Point(since);
        return error;
    }
    static std::size_t bytes_min() { return 1; }
    static void describe(std::string& layout) {
        layout += std::same_as<Point, Instant> ? "ns_since_boot" : "ms_since_1970";
    }
};

template <NamedEnum E>
struct BinaryCodec<E> {
    static void write(E value, std::string& out) {
        write_unsigned(static_cast<std::size_t>(value), out);
    }
    static std::optional<Error> read(BinaryReader& reader, E& out) {
        constexpr std::size_t count = names_of(std::type_identity<E>{}).size();
        const Result<std::size_t> index = take_index(reader, count);
        out = static_cast<E>(index.value_or(0));
        return index ? std::nullopt : std::optional<Error>(index.error());
    }
    static std::size_t bytes_min() { return 1; }
    static void describe(std::string& layout) {
        layout += "enum(";
        for (const std::string_view name : names_of(std::type_identity<E>{})) {
            describe_name(name, layout);
            layout += ' ';
        }
        layout += ')';
    }
};

}  // namespace homeostat::binary_detail
