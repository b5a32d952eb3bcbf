#pragma once

// The pages behind a link. No script, no image, nothing from anywhere else: a page is one text that
// a browser can show with everything else forbidden, and that a person can read on a phone.
//
// Pure.

#include "homeostat/base/time.hpp"
#include "homeostat/console/link_token.hpp"
#include "homeostat/console/matter.hpp"

#include <string>
#include <string_view>

namespace homeostat::console {

/// The one style of all pages, as it stands in them.
[[nodiscard]] std::string_view page_style();

/// What is asked, all that speaks for and against it, and two buttons; where a link is not enough
/// for a yes, the second hands in what was signed elsewhere.
[[nodiscard]] std::string question_page(const Matter& matter, const Link& link, WallTime now);

/// What was done, what takes it back, and one button; none where a link is not enough.
[[nodiscard]] std::string undo_page(const UndoMatter& matter, const Link& link, WallTime now);

/// A page that only says something: what it is, and what to do.
[[nodiscard]] std::string plain_page(std::string_view title, std::string_view says);

}  // namespace homeostat::console
