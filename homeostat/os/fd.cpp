#include "homeostat/os/fd.hpp"

#include <unistd.h>

namespace homeostat::os {

void Fd::close() {
    if (is_open()) {
        // Its error is of no use here: on Linux the number is free again whatever close says.
        static_cast<void>(::close(release()));
    }
}

}  // namespace homeostat::os
