#pragma once

// BinaryCodec of what holds other values: optional, list, map (base/binary_codec.hpp).
//
// A count is believed only as far as the bytes after it can hold so many, so that a few forged
// bytes reserve no more memory than an honest buffer of that length would.
//
// Pure.

#include "homeostat/base/binary_codec.hpp"
#include "homeostat/base/binary_reader.hpp"
#include "homeostat/base/binary_writer.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::binary_detail {

/// The path of an element.
[[nodiscard]] Error inside_element(std::size_t index, Error error);

template <class T>
struct BinaryCodec<std::optional<T>> {
    static void write(const std::optional<T>& value, std::string& out) {
        write_bool(value.has_value(), out);
        if (value) {
            BinaryCodec<T>::write(*value, out);
        }
    }
    static std::optional<Error> read(BinaryReader& reader, std::optional<T>& out) {
        out.reset();
        bool is_present = false;
        std::optional<Error> error = put(reader.take_bool(), is_present);
        return is_present ? BinaryCodec<T>::read(reader, out.emplace()) : error;
    }
    static std::size_t bytes_min() { return 1; }
    static void describe(std::string& layout) {
        layout += "optional(";
        BinaryCodec<T>::describe(layout);
        layout += ')';
    }
};

template <class T>
struct BinaryCodec<std::vector<T>> {
    static void write(const std::vector<T>& values, std::string& out) {
        write_unsigned(values.size(), out);
        for (const T& value : values) {
            BinaryCodec<T>::write(value, out);
        }
    }
    static std::optional<Error> read(BinaryReader& reader, std::vector<T>& out) {
        static const std::size_t bytes_each_min = BinaryCodec<T>::bytes_min();
        out.clear();
        const Result<std::size_t> count = reader.take_count(bytes_each_min);
        if (!count) {
            return count.error();
        }
        out.reserve(*count);
        for (std::size_t index = 0; index < *count; ++index) {
            if (std::optional<Error> error = BinaryCodec<T>::read(reader, out.emplace_back())) {
                return inside_element(index, std::move(*error));
            }
        }
        return std::nullopt;
    }
    static std::size_t bytes_min() { return 1; }
    static void describe(std::string& layout) {
        layout += "list(";
        BinaryCodec<T>::describe(layout);
        layout += ')';
    }
};

template <class Key, class T>
struct BinaryCodec<std::map<Key, T>> {
    using Map = std::map<Key, T>;
    static void write(const Map& values, std::string& out) {
        write_unsigned(values.size(), out);
        for (const auto& [key, value] : values) {
            BinaryCodec<Key>::write(key, out);
            BinaryCodec<T>::write(value, out);
        }
    }
    static std::optional<Error> read(BinaryReader& reader, Map& out) {
        static const std::size_t bytes_each_min =
            BinaryCodec<Key>::bytes_min() + BinaryCodec<T>::bytes_min();
        out.clear();
        const Result<std::size_t> count = reader.take_count(bytes_each_min);
        if (!count) {
            return count.error();
        }
        for (std::size_t index = 0; index < *count; ++index) {
            if (std::optional<Error> error = read_next(reader, out)) {
                return inside_element(index, std::move(*error));
            }
        }
        return std::nullopt;
    }
    static std::size_t bytes_min() { return 1; }
    static void describe(std::string& layout) {
        layout += "map(";
        BinaryCodec<Key>::describe(layout);
        layout += ' ';
        BinaryCodec<T>::describe(layout);
        layout += ')';
    }

  private:
    static std::optional<Error> read_next(BinaryReader& reader, Map& out) {
        const std::size_t begin = reader.offset();
        Key key{};
        if (std::optional<Error> error = BinaryCodec<Key>::read(reader, key)) {
            return error;
        }
        if (!out.empty() && !out.key_comp()(out.rbegin()->first, key)) {
            return corrupt_at(begin, "a key that does not follow the one before it");
        }
        return BinaryCodec<T>::read(reader, out.try_emplace(out.end(), std::move(key))->second);
    }
};

}  // namespace homeostat::binary_detail
