#pragma once

// How the table of a configuration's keys is written: a key with its sentence, and the kinds of
// values that are made of others. config_keys.hpp is the table.
//
// Pure. Values only.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace homeostat::app {

enum class Need : std::uint8_t { optional, required };

struct Key {
    std::string_view name;
    std::string_view says;  ///< A sentence for whoever edits the file.
    Need need{Need::optional};
};

/// A list of values of one kind.
template <class Kind>
struct ListOf {
    Kind kind;
    std::size_t count_max{0};
    bool takes_single{false};  ///< One value alone is a list of one.
};

/// Names of the file's own, each with a value of one kind, in a map.
template <class Kind>
struct MapOf {
    Kind kind;
    std::size_t count_max{0};
};

/// Keys of their own, in the struct that the key's target is.
struct SectionKind {};

/// A list of such structs.
struct SectionsKind {
    std::size_t count_max{0};
};

/// A struct of a list that may be written as one value: `short_value()` is what that stands for,
/// of `short_kind`, and `is_short()` says that nothing else of it is set.
template <class T>
concept HasShortForm = requires(T section, const T& written) {
    T::short_kind;
    section.short_value();
    { written.is_short() } -> std::same_as<bool>;
};

/// A list whose items have one key each; all of them go into one struct.
struct OneKeyItemsKind {};

}  // namespace homeostat::app
