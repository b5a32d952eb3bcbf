#pragma once

// LinkToken: what makes a link one person's way to answer one question, or to take back one act.
//
// It says which incident, which question, who and until when, and HMAC-SHA256 by a key of this
// agent's vouches for all of it. So it can be checked without anything being kept, and a link holds
// over a restart. It is no signature: whoever has the link can answer by it, in the name that
// stands in it.
//
// A token that is forged, cut, of another agent or too old gives nothing, and never says which.
//
// Pure: the time is a parameter.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace homeostat::console {

using LinkKey = std::array<std::uint8_t, 32>;    ///< A secret of one agent.
using LinkNonce = std::array<std::uint8_t, 16>;  ///< Drawn for each link: no two are the same.

struct Link {
    IncidentId incident;
    std::string question;  ///< The id of what is asked, or the act that it may take back.
    std::string person;    ///< In whose name it answers.
    WallTime expires_at{};
    LinkNonce nonce{};
    friend bool operator==(const Link&, const Link&) = default;
};

/// How an act begins that a link may take back; ids of questions are hexadecimal.
inline constexpr std::string_view undo_prefix = "undo-";

/// The link takes an act back; else it answers a question.
[[nodiscard]] inline bool is_for_undo(const Link& link) {
    return link.question.starts_with(undo_prefix);
}

constexpr std::size_t token_bytes_max = 512;

/// Letters, digits, '-' and '_'. REQUIRES: each of the three texts is a plain name (base/id.hpp).
[[nodiscard]] std::string token_of(const Link& link, const LinkKey& key);

/// Nothing: it was not made with this key, or its time is over at `now`.
[[nodiscard]] std::optional<Link> parse_token(std::string_view token,
                                              const LinkKey& key,
                                              WallTime now);

/// What a token vouches for, and back. Nothing: no such bytes.
[[nodiscard]] std::string bytes_of(const Link& link);
[[nodiscard]] std::optional<Link> parse_link(std::string_view bytes);

}  // namespace homeostat::console
