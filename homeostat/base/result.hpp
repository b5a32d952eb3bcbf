#pragma once

// Result: a value, or the reason why the world did not give one.
//
// `Fault` is one closed list for the whole project; it has a member only where some caller reacts
// differently. Everything else is text for people. No exception crosses a folder: a library's
// exceptions become an Error inside the adapter that called it.
//
// Pure. Values only.

#include <array>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace homeostat {

enum class Fault : std::uint8_t {
    invalid,      ///< Input that we refuse; the text names the place and the mend. Never retried.
    absent,       ///< The thing asked for does not exist (a file, a process, a binary).
    unreachable,  ///< Nobody answers at that address now. May be retried, within a maximum.
    late,         ///< The deadline passed first; what happened on the other side is not known.
    refused,      ///< The other side understood and said no; nothing has changed there.
    broken,       ///< The other side answered something that its protocol does not allow.
    full,         ///< No room, or no right, to write. No ledger means no action.
    corrupt,      ///< Stored bytes are not what was written. A person has to look.
    busy,         ///< Somebody else holds it (a lock, a socket, a port).
};

constexpr auto names_of(std::type_identity<Fault>) {
    return std::to_array<std::string_view>({"invalid", "absent", "unreachable", "late", "refused",
                                            "broken", "full", "corrupt", "busy"});
}

struct [[nodiscard]] Error {
    Fault fault{Fault::invalid};
    std::string text;  ///< A sentence for a person: what, where, how to mend it.

    friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = std::expected<T, Error>;

/// Makes the failing side of any Result.
[[nodiscard]] inline std::unexpected<Error> fail(Fault fault, std::string text) {
    return std::unexpected<Error>(Error{fault, std::move(text)});
}

/// Passes an error on to a Result of another type, with where it was met in front of its text.
[[nodiscard]] inline std::unexpected<Error> fail(std::string_view where, const Error& error) {
    return std::unexpected<Error>(Error{error.fault, std::string(where) + ": " + error.text});
}

}  // namespace homeostat
