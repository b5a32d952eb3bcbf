#pragma once

// Fields: a struct says its fields once and is JSON both ways from then on.
//
//     struct Point {
//         int x{};
//         std::optional<int> y;
//         static void fields(auto& self, auto&& field) { field("x", self.x); field("y", self.y); }
//     };
//     json::value value = to_json(Point{1, 2});
//     Result<Point> point = from_json<Point>(value);
//
// Reading is strict: a missing field, an unknown field, a number out of range and a name that is
// not on an enum's list are each refused, with the path of the place. An optional field may be
// absent, and so may one that came after records of the struct had been written:
//
//     field("config", self.config, may_be_absent);
//
// A variant is an object whose first member, "kind", is the `kind_name` of one alternative.
// Enums list their texts with `names_of(std::type_identity<E>)` in the order of their values.
//
// Pure.

#include "homeostat/base/codec.hpp"

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace homeostat {

template <class T>
[[nodiscard]] json::value to_json(const T& value) {
    return fields_detail::Codec<T>::write(value);
}

/// ERRORS: invalid, with the path of the field.
template <class T>
[[nodiscard]] Result<T> from_json(const json::value& value) {
    T result{};
    if (std::optional<Error> error = fields_detail::Codec<T>::read(value, result)) {
        return std::unexpected<Error>(std::move(*error));
    }
    return result;
}

/// Third argument of `field`: older records lack it, and mean what the member is by default.
struct MayBeAbsent {};
inline constexpr MayBeAbsent may_be_absent{};

namespace fields_detail {

struct AnyField {
    template <class T>
    void operator()(std::string_view, T&, std::same_as<MayBeAbsent> auto...) const {}
};

template <class T>
concept HasFields = requires(T& self, AnyField field) { T::fields(self, field); };

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

// Members are declared here and defined below, so that `extern template struct Codec<Facts>;` keeps
// them out of whoever includes Facts: Clang puts what is defined in the class into each of these.

template <HasFields T>
struct Codec<T> {
    static json::value write(const T& value);
    static void write_into(json::object& object, const T& value);
    static std::optional<Error> read(const json::value& value, T& out);
    /// `known_count`: members that the caller has read already (a variant's "kind").
    static std::optional<Error> read_members(const json::object& object,
                                             std::size_t known_count,
                                             T& out);
};

template <HasFields... Ts>
struct Codec<std::variant<Ts...>> {
    using Variant = std::variant<Ts...>;
    static json::value write(const Variant& value);
    static std::optional<Error> read(const json::value& value, Variant& out);
};

/// An object whose members are read one by one; the first thing that is wrong is what is said.
class MembersRead {
  public:
    MembersRead(const json::object& object, std::size_t known_count)
        : object_(object), known_count_(known_count) {}

    /// What stands under the name; null where nothing is to be read. `is_needed`: that is an error.
    [[nodiscard]] const json::value* next(std::string_view name, bool is_needed);
    void take(std::string_view name, std::optional<Error> error);
    /// Also of members that nobody has asked for.
    [[nodiscard]] std::optional<Error> finish();

  private:
    const json::object& object_;
    std::size_t known_count_;
    std::vector<std::string_view> names_;
    std::optional<Error> error_;
};

template <HasFields T>
json::value Codec<T>::write(const T& value) {
    json::object object;
    write_into(object, value);
    return object;
}

template <HasFields T>
void Codec<T>::write_into(json::object& object, const T& value) {
    T::fields(value, [&object]<class F>(std::string_view name, const F& field,
                                        std::same_as<MayBeAbsent> auto...) {
        if constexpr (IsOptional<F>::value) {
            if (!field) {
                return;
            }
        }
        object[name] = Codec<F>::write(field);
    });
}

template <HasFields T>
std::optional<Error> Codec<T>::read(const json::value& value, T& out) {
    if (!value.is_object()) {
        return wrong_type("an object", value);
    }
    return read_members(value.get_object(), 0, out);
}

template <HasFields T>
std::optional<Error> Codec<T>::read_members(const json::object& object,
                                            std::size_t known_count,
                                            T& out) {
    MembersRead members(object, known_count);
    T::fields(out, [&members]<class F, std::same_as<MayBeAbsent>... Marks>(std::string_view name,
                                                                           F& field, Marks...) {
        constexpr bool is_needed = !IsOptional<F>::value && sizeof...(Marks) == 0;
        if (const json::value* member = members.next(name, is_needed)) {
            members.take(name, Codec<F>::read(*member, field));
        }
    });
    return members.finish();
}

template <HasFields... Ts>
json::value Codec<std::variant<Ts...>>::write(const Variant& value) {
    return std::visit(
        []<class T>(const T& alternative) -> json::value {
            json::object object;
            object["kind"] = json::value(std::string(T::kind_name));
            Codec<T>::write_into(object, alternative);
            return object;
        },
        value);
}

template <HasFields... Ts>
std::optional<Error> Codec<std::variant<Ts...>>::read(const json::value& value, Variant& out) {
    const json::value* kind = value.is_object() ? value.get_object().if_contains("kind") : nullptr;
    if (kind == nullptr || !kind->is_string()) {
        return missing_field("kind");
    }
    const std::string_view name(kind->get_string());
    std::optional<Error> error = unknown_name(name);
    ((Ts::kind_name == name
          ? void(error = Codec<Ts>::read_members(value.get_object(), 1, out.template emplace<Ts>()))
          : void()),
     ...);
    return error;
}

}  // namespace fields_detail
}  // namespace homeostat
