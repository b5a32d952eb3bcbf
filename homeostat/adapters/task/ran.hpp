#pragma once

// Ran: what became of one action, and what that means.
//
// A command says what it did by its exit status, a peer by its HTTP status, a Job by being
// complete. What says nothing, since it was ended or the line was cut, may have been done or not.
//
// Pure. Values only.

#include "homeostat/adapters/task/declaration.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/outcome.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::task {

/// Of the output of an action, the last.
constexpr std::size_t output_bytes_max = std::size_t{4} << 10U;

enum class RanKind : std::uint8_t {
    answered,   ///< With `status`.
    not_begun,  ///< Nothing was started or sent.
    lost,       ///< Begun, and ended by us or cut off.
};

struct Ran {
    RanKind kind{RanKind::lost};
    int status{0};        ///< Exit status of a command, of HTTP, 1 of a failed Job. 0 too: none.
    std::string because;  ///< "exited with status 3", for people.
    std::string output;   ///< The last of what it said, without the secrets it was handed.
    Duration took{};
};

[[nodiscard]] Outcome outcome_of(const Action& action, const Ran& ran);

/// Of a check: whether all is well. A command says so by 0 and 1; HTTP by its statuses, and that it
/// is not by any from 500 on. ERRORS: broken: it says neither; late; unreachable: not begun.
[[nodiscard]] Result<bool> health_of(const Action& check, const Ran& ran);

/// `text` with every secret of four bytes or more replaced: what is shorter would blot out words.
[[nodiscard]] std::string without(std::string text, std::vector<std::string> secrets);

/// Keeps the last `output_bytes_max` bytes, and enough before them to find a secret that is cut.
class Tail {
  public:
    void add(std::string_view bytes);
    [[nodiscard]] std::string text(const std::vector<std::string>& secrets) const;

  private:
    std::string bytes_;
};

}  // namespace homeostat::adapters::task
