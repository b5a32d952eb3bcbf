#include "homeostat/os/own_memory.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace homeostat::os {

namespace {

rlimit core_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_CORE, &limit);
    return limit;
}

/// What whoever started us allows programs: as it is when this is first asked, which
/// keep_memory_to_ourselves does before it changes it.
const rlimit& core_limit_at_start() {
    static const rlimit at_start = core_limit();
    return at_start;
}

}  // namespace

void keep_memory_to_ourselves() {
    rlimit limit = core_limit_at_start();
    limit.rlim_cur = 0;  // Not the hard one, which nobody but root could raise again for children.
    ::setrlimit(RLIMIT_CORE, &limit);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void give_back_core_limit() {
    ::setrlimit(RLIMIT_CORE, &core_limit_at_start());
}

}  // namespace homeostat::os
