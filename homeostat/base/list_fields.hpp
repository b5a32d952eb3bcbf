#pragma once

// ListFields: a struct that is a list in JSON, its fields in order and nothing else.
//
//     struct Point {
//         static constexpr bool is_list = true;
//         double at{0};
//         std::string name;
//         static void fields(auto& self, auto&& field) {
//             field("at", self.at);
//             field("name", self.name);
//         }
//     };
//     to_json(Point{1.5, "here"})   is   [1.5,"here"]
//
// Whoever declares such a struct includes this, so that nobody reads it as an object.
//
// Pure.

#include "homeostat/base/fields.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace homeostat::fields_detail {

template <HasFields T>
    requires T::is_list
struct Codec<T> {
    static json::value write(const T& value) {
        json::array list;
        T::fields(value, [&list]<class F>(std::string_view, const F& field) {
            list.push_back(Codec<F>::write(field));
        });
        return list;
    }
    static std::optional<Error> read(const json::value& value, T& out) {
        std::size_t count = 0;
        T::fields(out, [&count](std::string_view, const auto&) { count += 1; });
        if (!value.is_array() || value.get_array().size() != count) {
            return wrong_type("a list of " + std::to_string(count), value);
        }
        std::optional<Error> error;
        std::size_t at = 0;
        T::fields(out, [&]<class F>(std::string_view name, F& field) {
            if (!error) {
                error = Codec<F>::read(value.get_array()[at++], field);
                error = error ? std::optional<Error>(inside(name, std::move(*error))) : error;
            }
        });
        return error;
    }
};

}  // namespace homeostat::fields_detail
