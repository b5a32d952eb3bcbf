#include "homeostat/base/ensure.hpp"

#include <cstdio>
#include <cstdlib>

namespace homeostat {

void stop_on_broken_invariant(std::string_view says, std::source_location where) {
    std::fprintf(stderr, "homeostat: broken invariant: %.*s (%s:%u)\n",
                 static_cast<int>(says.size()), says.data(), where.file_name(),
                 static_cast<unsigned>(where.line()));
    std::abort();
}

}  // namespace homeostat
