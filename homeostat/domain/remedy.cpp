#include "homeostat/domain/remedy.hpp"

#include <string>

namespace homeostat {

namespace {

struct Describe {
    std::string operator()(const Observe&) const { return "observe"; }
    std::string operator()(const Restart& remedy) const {
        return "restart " + remedy.instance.text();
    }
    std::string operator()(const RollingRestart& remedy) const {
        return "rolling_restart " + remedy.service.text();
    }
    std::string operator()(const Rollback& remedy) const {
        return "rollback " + remedy.service.text() + " from " + remedy.from.text() + " to " +
               remedy.to.text();
    }
};

}  // namespace

std::string describe(const Remedy& remedy) {
    return std::visit(Describe{}, remedy);
}

}  // namespace homeostat
