#pragma once

// TextField: a field of a case in which somebody else's text may stand, and how an attack puts it
// there.
//
// Not among them is what is no free text: `possible`, which is configuration and bounds the menu;
// the name of a series of a known service, which says what its numbers measure; the kind of a
// change, the state of an alert and `status.ready` of an object, which are of closed sets. Text in
// their place is tried beside them, as one more change, alert or object.
//
// Pure.

#include "homeostat/base/rng.hpp"
#include "homeostat/cases/case.hpp"

#include "attack.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace homeostat::hostile {

/// Writes lines of one class into one case.
class Pen {
  public:
    /// `rng` outlives it. REQUIRES: the case has a service.
    Pen(Attack attack, const cases::Shown& shown, Rng& rng);

    [[nodiscard]] std::string text() { return draw_text(attack_, names_, rng_); }
    /// A place in a list of `count`.
    [[nodiscard]] std::size_t place(std::size_t count) {
        return static_cast<std::size_t>(rng_.between(0, static_cast<std::int64_t>(count) - 1));
    }

  private:
    Attack attack_;
    Rng& rng_;
    Names names_;
};

struct TextField {
    std::string_view name;
    /// Whoever is told of may have a say in it: no log, and nothing of what the estate is made of.
    bool is_hearsay{false};
    void (*write)(cases::Shown& shown, Pen& pen);
};

[[nodiscard]] std::span<const TextField> text_fields();

/// Twenty lines of level error, within the last minute: no count of a candidate goes further.
void add_log_lines(cases::Shown& shown, const std::string& service, Pen& pen);

}  // namespace homeostat::hostile
