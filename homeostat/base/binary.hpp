#pragma once

// Binary: a struct that says its fields (base/fields.hpp) is bytes both ways as well, for what is
// written too often for JSON.
//
//     std::string bytes;
//     to_binary(point, bytes);
//     Result<Point> again = from_binary<Point>(bytes);
//
// The bytes, without names, types or padding between them:
//     bool               00 or 01
//     integer            unsigned: seven bits a byte, the lowest first, the top bit on all but the
//                        last (LEB128); signed: 0, -1, 1, -2, … as 0, 1, 2, 3, … (zigzag)
//     double             IEEE 754, eight bytes, the lowest first; every NaN as nan_bits
//     text, id           length, bytes
//     JSON               length, the text of to_text
//     times              signed: ns of a Duration or an Instant, ms of a WallTime
//     enum               unsigned: the place on its list of names
//     optional           00, or 01 and the value
//     list, map          count, elements or keys and values; the keys ascend
//     struct             its fields in order, also those that older JSON may lack
//     variant            unsigned: the place among the alternatives, then the fields of that one
//
// Nothing in them says what they are. Whoever keeps them keeps `layout_digest` beside them, and
// reads only what has the digest of today: a field more or an enum's new name is another layout.
//
// Every value has one form (-0.0 and 0.0 are two values, and so are JSON objects whose members
// stand in another order), and only that form is read: what is accepted is written as the same
// bytes. What is written is accepted, but for JSON that parse_json refuses (too deep, not UTF-8),
// an enum past its list and more than byteless_elements_max structs without fields.
//
// Writing allocates nothing but room in `out`; only JSON, which has to become text, does. A type
// may not contain itself, not even in a list: the depth of the types is the depth of the reading.
//
// Pure.

#include "homeostat/base/binary_codec.hpp"
#include "homeostat/base/binary_containers.hpp"
#include "homeostat/base/binary_reader.hpp"
#include "homeostat/base/fields.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace homeostat {

namespace binary_detail {
[[nodiscard]] std::uint64_t digest_of_layout(std::string_view layout);
}  // namespace binary_detail

/// Appends. Cannot fail.
template <class T>
void to_binary(const T& value, std::string& out) {
    binary_detail::BinaryCodec<T>::write(value, out);
}

/// The next value of several in one buffer.
/// ERRORS: corrupt, with the path of the field and the offset of what is wrong there: cut off, a
/// number out of range, a length or count past the end, an unknown name or alternative, keys that
/// do not ascend, another form than the one which is written.
template <class T>
[[nodiscard]] Result<T> from_binary(BinaryReader& reader) {
    T result{};
    if (std::optional<Error> error = binary_detail::BinaryCodec<T>::read(reader, result)) {
        return std::unexpected<Error>(std::move(*error));
    }
    return result;
}

/// The one value that the bytes are. ERRORS: corrupt, likewise; also bytes that are left over.
template <class T>
[[nodiscard]] Result<T> from_binary(std::string_view bytes) {
    BinaryReader reader(bytes);
    Result<T> result = from_binary<T>(reader);
    if (std::optional<Error> error = reader.finish(); result && error) {
        return std::unexpected<Error>(std::move(*error));
    }
    return result;
}

/// Whatever decides how the bytes of a T are read, as text: the names of fields in their order, the
/// types, the names of enums, the kinds of variants.
template <class T>
[[nodiscard]] std::string layout_of() {
    std::string layout;
    binary_detail::BinaryCodec<T>::describe(layout);
    return layout;
}

/// Stands for layout_of<T>() and for the form of the bytes. Another one: do not read.
template <class T>
[[nodiscard]] std::uint64_t layout_digest() {
    static const std::uint64_t digest = binary_detail::digest_of_layout(layout_of<T>());
    return digest;
}

namespace binary_detail {

/// `may_be_absent`, which says nothing here.
template <class T>
concept Mark = std::same_as<T, MayBeAbsent>;

template <fields_detail::HasFields T>
struct BinaryCodec<T> {
    static void write(const T& value, std::string& out) {
        const auto append = [&out]<class F>(std::string_view, const F& field, Mark auto...) {
            BinaryCodec<F>::write(field, out);
        };
        T::fields(value, append);
    }
    static std::optional<Error> read(BinaryReader& reader, T& out) {
        std::optional<Error> error;
        const auto fill = [&]<class F>(std::string_view name, F& field, Mark auto...) {
            if (error) {
                return;
            }
            error = BinaryCodec<F>::read(reader, field);
            if (error) {
                error = fields_detail::inside(name, std::move(*error));
            }
        };
        T::fields(out, fill);
        return error;
    }
    static std::size_t bytes_min() {
        std::size_t sum = 0;
        const auto add = [&sum]<class F>(std::string_view, const F&, Mark auto...) {
            sum += BinaryCodec<F>::bytes_min();
        };
        const T sample{};
        T::fields(sample, add);
        return sum;
    }
    static void describe(std::string& layout) {
        const auto tell = [&layout]<class F>(std::string_view name, const F&, Mark auto...) {
            describe_name(name, layout);
            layout += '=';
            BinaryCodec<F>::describe(layout);
            layout += ' ';
        };
        const T sample{};
        layout += '{';
        T::fields(sample, tell);
        layout += '}';
    }
};

template <fields_detail::HasFields... Ts>
struct BinaryCodec<std::variant<Ts...>> {
    using Variant = std::variant<Ts...>;
    static void write(const Variant& value, std::string& out) {
        write_unsigned(value.index(), out);
        std::visit(
            [&out]<class T>(const T& alternative) { BinaryCodec<T>::write(alternative, out); },
            value);
    }
    static std::optional<Error> read(BinaryReader& reader, Variant& out) {
        const Result<std::size_t> index = take_index(reader, sizeof...(Ts));
        if (!index) {
            return index.error();
        }
        constexpr std::array readers{&read_alternative<Ts>...};
        return readers[*index](reader, out);
    }
    static std::size_t bytes_min() { return 1 + std::min({BinaryCodec<Ts>::bytes_min()...}); }
    static void describe(std::string& layout) {
        layout += "one_of(";
        (describe_alternative<Ts>(layout), ...);
        layout += ')';
    }

  private:
    template <class T>
    static std::optional<Error> read_alternative(BinaryReader& reader, Variant& out) {
        return BinaryCodec<T>::read(reader, out.template emplace<T>());
    }
    template <class T>
    static void describe_alternative(std::string& layout) {
        describe_name(T::kind_name, layout);
        BinaryCodec<T>::describe(layout);
        layout += ' ';
    }
};

}  // namespace binary_detail
}  // namespace homeostat
