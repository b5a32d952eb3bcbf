#pragma once

// Notice: what a person is told without having asked, and how a channel is told it.
//
// All texts are sentences of ours, names and numbers, bounded; each shape escapes them in its own
// way. The same thing told again, after a restart or because nobody knows whether it arrived, has
// the same id.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"
#include "homeostat/console/shape.hpp"
#include "homeostat/domain/ids.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::console {

enum class NoticeKind : std::uint8_t {
    asks,          ///< An incident asks whether it may do something.
    needs_person,  ///< An incident was handed over.
    closed,        ///< One is over of which a person was told.
    acted,         ///< Something was done that a person may take back for a while.
    silent,        ///< What the agent goes by has not answered for minutes, or does again.
    left_out,      ///< So many notices were not sent one by one.
    test,          ///< Nothing has happened.
};

constexpr auto names_of(std::type_identity<NoticeKind>) {
    return std::to_array<std::string_view>(
        {"asks", "needs_person", "closed", "acted", "silent", "left_out", "test"});
}

/// One person's way to answer.
struct PersonLink {
    std::string person;
    std::string url;
};

struct Notice {
    std::string id;
    NoticeKind kind{NoticeKind::test};
    ServiceId service;
    IncidentId incident;   ///< Empty: it is about none.
    std::string question;  ///< Its id; empty: nothing is asked.
    std::string text;      ///< In a sentence.
    std::vector<std::string> details;
    /// What its links answer or take back, as a token names it; empty: nothing.
    std::string answers{};
    std::vector<PersonLink> links;
    std::string advice;  ///< What to do besides; empty: nothing.
    WallTime at{};
    /// Silence until then is no, or it may be taken back for so long; later it is not worth
    /// telling.
    std::optional<WallTime> until;
    /// So many groups of the ledger stood before what it tells of: whoever has been told of all
    /// notices before it has to be told of nothing older. It is no part of the message.
    std::uint64_t due_after{0};
};

constexpr std::size_t notice_details_max = 8;
constexpr std::size_t notice_line_bytes_max = 300;

/// The whole body of a request.
[[nodiscard]] std::string body_of(const Notice& notice, Shape shape);

/// Its Content-Type.
[[nodiscard]] std::string_view content_type_of(Shape shape);

/// What a person has to know of a link before they use it.
[[nodiscard]] std::string_view what_a_link_is_worth();

}  // namespace homeostat::console
