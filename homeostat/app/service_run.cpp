#include "homeostat/app/service_run.hpp"

#include <exception>

namespace homeostat::app {

Result<void> begin_or_fail(ServiceRun& run) {
    try {
        return run.begin();
    } catch (const std::exception& error) {
        return fail(Fault::broken, error.what());
    }
}

}  // namespace homeostat::app
