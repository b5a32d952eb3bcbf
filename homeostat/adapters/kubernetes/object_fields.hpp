#pragma once

// ObjectFields: the fields of one JSON object, read by their types, one after the other.
//
// The first that is not as the API has it is kept as the error, and every later read gives a
// default: so a parser is a list of its fields, and asks once, at the end, whether all was well.
// Absent and null are the same, as they are for the API server.
//
// Pure. Points into the document, which outlives it.

#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::adapters::kubernetes {

class ObjectFields {
  public:
    /// REQUIRES: `value` and `error` outlive it. `place`: of the object, for people.
    ObjectFields(const json::value& value, std::string place, std::optional<Error>& error);

    /// Null: absent.
    [[nodiscard]] const json::value* find(std::string_view name) const;

    /// Of all of its fields, as they come.
    [[nodiscard]] std::vector<std::string_view> names() const;

    /// Empty where it is absent; so are all of its fields.
    [[nodiscard]] ObjectFields object(std::string_view name) const;
    [[nodiscard]] std::vector<ObjectFields> objects(std::string_view name,
                                                    std::size_t count_max) const;
    /// An array of texts.
    [[nodiscard]] std::vector<std::string> texts(std::string_view name,
                                                 std::size_t count_max,
                                                 std::size_t bytes_max) const;
    [[nodiscard]] std::string text(std::string_view name, std::size_t bytes_max) const;
    [[nodiscard]] bool flag(std::string_view name) const;
    [[nodiscard]] std::uint64_t number(std::string_view name,
                                       std::uint64_t number_max,
                                       std::uint64_t if_absent = 0) const;
    [[nodiscard]] std::optional<int> signed_number(std::string_view name) const;
    [[nodiscard]] std::optional<WallTime> time(std::string_view name) const;

    /// Keeps the error "PLACE.NAME: what", unless there is one already.
    void refuse(std::string_view name, std::string_view what) const;

  private:
    ObjectFields(const json::object* object, std::string place, std::optional<Error>& error)
        : object_(object), place_(std::move(place)), error_(&error) {}

    const json::object* object_;  ///< Null: absent.
    std::string place_;
    std::optional<Error>* error_;
};

}  // namespace homeostat::adapters::kubernetes
