#pragma once

// PortCalls: asks the ports, and waits for none of them longer than its deadline.
//
// A port ends its calls by their deadlines itself; this is for one that does not. A call that is
// not back a short grace after its deadline is abandoned: whoever waited goes on without an answer,
// the call runs on with a state of its own, and what it brings back one day is dropped. It is not
// cancelled: a step that is stopped half-way is worse than one that is late.
//
// While an abandoned call is out, the same is not asked of that port again: one that hangs would
// collect calls for ever. For an actuator it means more. A step that was abandoned may still
// happen, so no further one is performed there (two commands could cross), and what is read there
// is not the world yet: its part counts as missing, and guard permits nothing without it.
//
// Lives on one strand; not thread-safe. The ports outlive every call.

#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/fleet_word.hpp"
#include "homeostat/domain/outcome.hpp"
#include "homeostat/domain/permit.hpp"
#include "homeostat/domain/reading.hpp"
#include "homeostat/ports/actuator.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/fleet_budget.hpp"
#include "homeostat/ports/oracle.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::heal {

/// A port that keeps its deadline answers at the deadline; on a busy machine the answer takes some
/// turns of the event loop to get here.
constexpr Duration answer_grace = std::chrono::milliseconds{50};

class PortCalls {
  public:
    using Log = std::function<void(const std::string&)>;

    /// `log` is told of steps that are abandoned and of what becomes of them.
    PortCalls(boost::asio::any_io_executor strand, ports::Clock& clock, Log log);

    /// ERRORS: those of the port; late: no answer by the deadline, or an abandoned call is out.
    Task<Result<std::vector<Reading>>> read(ports::Telemetry& source, Instant deadline);

    /// ERRORS: as above; busy: an abandoned step may still be happening there.
    Task<Result<FactsPart>> read(ports::Actuator& actuator, Instant deadline);
    Task<Result<FactsPart>> glance(ports::Actuator& actuator, Instant deadline);

    /// Unknown: no answer by the deadline. Refused, nothing was sent: an abandoned step is out.
    Task<Outcome> perform(ports::Actuator& actuator, Request request, Instant deadline);

    /// ERRORS: those of the port; late: as above.
    Task<Result<Ranking>> rank(ports::Oracle& oracle,
                               Evidence evidence,
                               std::vector<RemedyKind> kinds,
                               Instant deadline);

    /// ERRORS: likewise.
    Task<Result<FleetWord>> take(ports::FleetBudget& fleet, FleetAsk ask, Instant deadline);
    Task<Result<void>> give_back(ports::FleetBudget& fleet,
                                 FleetWord granted,
                                 bool was_used,
                                 Instant deadline);

  private:
    enum class Kind : std::uint8_t { reading, step, question };
    using Call = std::pair<const void*, Kind>;
    using LookAtPart = Task<Result<FactsPart>> (ports::Actuator::*)(Instant);

    Task<Result<FactsPart>> part_of(ports::Actuator& actuator, LookAtPart look, Instant deadline);
    template <class T>
    Task<std::optional<T>> answer_to(Call call,
                                     Task<T> task,
                                     Instant deadline,
                                     std::function<void(const T&)> take_late);
    template <class T>
    Task<Result<T>> result_of(Call call, Task<Result<T>> task, Instant deadline);
    [[nodiscard]] bool is_out(const Call& call) const { return abandoned_->contains(call); }

    boost::asio::any_io_executor strand_;
    ports::Clock& clock_;
    Log log_;
    /// Calls that are still out. Owned by this and by each of them: they may outlive us.
    std::shared_ptr<std::multiset<Call>> abandoned_;
};

}  // namespace homeostat::heal
