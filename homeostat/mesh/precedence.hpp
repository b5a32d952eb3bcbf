#pragma once

// Precedence: of two neighbours that would take capacity away, who goes first.
//
// Before such a remedy an agent asks its neighbours and goes when all that answer within the
// deadline let it. Who is at it says so. Of two whose questions are open at once the one with the
// lower name goes first and the other's question is closed: names are a total order, so among all
// who ask there is one whom none of them holds up. A word expires; for how long an incident heeds
// words at all is guard's to bound.
//
// Holds while messages arrive within the deadline: then of two neighbours never both go. A lost
// word lets both go, as without neighbours. Not taken: whoever asked earlier goes first. With names
// for ties that is no order (tests/models/precedence.pml, FIRST_COME): three could wait in a
// circle.
//
// Pure. Values only; bounded by the neighbours.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/neighbour_word.hpp"
#include "homeostat/mesh/limits.hpp"
#include "homeostat/mesh/message.hpp"
#include "homeostat/mesh/names.hpp"
#include "homeostat/mesh/orders.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace homeostat::mesh {

class Precedence {
  public:
    explicit Precedence(AgentId self, const Limits& limits)
        : self_(std::move(self)), limits_(limits) {}

    /// Asks them. While the last question is open that one counts, and nobody is asked twice.
    [[nodiscard]] std::vector<Saying> ask(const std::vector<AgentId>& neighbours,
                                          const Thread& thread,
                                          Instant now);

    /// What to tell a neighbour that is about to. It may be that we give way by it.
    [[nodiscard]] Word answer(const AgentId& neighbour,
                              bool is_caller,
                              const Intend& intend,
                              Instant now);

    /// Of a neighbour's that we have not asked, or not by this number, nothing is made.
    void hear(const AgentId& neighbour, const Word& word, Instant now);

    /// What is done at present. It ends the leave that the last question has brought only by being
    /// something: who was let go may not have begun yet.
    void note(CapacityWork work);

    void pass_time(Instant now);

    /// The last question is open.
    [[nodiscard]] bool is_asking() const { return ask_until_.has_value(); }
    /// What came of it. None that objects: we go, and tell others so from now on; unless the end
    /// was noticed half a second late. Then whoever wants to go asks again.
    [[nodiscard]] const std::vector<NeighbourWord>& words() const { return words_; }
    [[nodiscard]] bool is_taking(Instant now) const {
        return work_ == CapacityWork::taking || now < leave_until_;
    }
    [[nodiscard]] std::optional<Instant> wake_at() const { return ask_until_; }

  private:
    void drop_slept_through(Instant now);
    void settle(Instant now);

    AgentId self_;
    Limits limits_;
    CapacityWork work_{CapacityWork::none};
    std::uint64_t ask_{0};              ///< The number of the last question.
    std::optional<Instant> ask_until_;  ///< Absent: it is not open.
    std::set<AgentId> silent_;          ///< Asked, and yet to answer.
    std::vector<NeighbourWord> words_;  ///< Answers to it, in the order in which they came.
    Instant leave_until_{};             ///< By then we are at what we were let do.
};

/// Whether a word of it is in the way.
[[nodiscard]] constexpr bool objects(NeighbourSays says) {
    return says != NeighbourSays::go;
}

}  // namespace homeostat::mesh
