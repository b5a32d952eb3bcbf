#pragma once

// ServicesProcess: the services that one process guards, on one strand.
//
// Each is a run of its own (service_run.hpp): one that cannot be guarded, or not any more, is told
// of and left, and the others go on. Only what no service can do without ends all: a signal, a
// cluster that does not answer at the start, the last run's end.
//
// The choice not taken: to begin a service again that has failed. What it holds (a ledger, doors)
// would have to be let go in the middle of everything else; whoever started this process can do it.

#include "homeostat/app/service_run.hpp"

#include <vector>

namespace homeostat::app {

/// Guards all of them until SIGTERM or SIGINT, in the given role. `log` takes lines for a person
/// who watches. REQUIRES: check_together has found nothing. ERRORS: of the service, where there is
/// one; of several: which were not guarded to the end, and why.
[[nodiscard]] Result<void> guard_services(const std::vector<Config>& configs,
                                          ProcessRole role,
                                          const LogLine& log);

}  // namespace homeostat::app
