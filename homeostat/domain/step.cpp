#include "homeostat/domain/step.hpp"

namespace homeostat {

namespace {

struct InstanceOf {
    const InstanceId* operator()(const SwapVersion&) const { return nullptr; }
    const InstanceId* operator()(const SetCircuit&) const { return nullptr; }
    const InstanceId* operator()(const SetRoute&) const { return nullptr; }
    const InstanceId* operator()(const Invalidate&) const { return nullptr; }
    const InstanceId* operator()(const Run&) const { return nullptr; }
    const InstanceId* operator()(const SetPaused&) const { return nullptr; }
    const InstanceId* operator()(const auto& step) const { return &step.instance; }
};

struct Describe {
    std::string operator()(const SwapVersion& step) const {
        const std::string_view whose = whose_words(step.artifact);
        return "swap_version of " + std::string(whose) + step.service.text() + " from " +
               step.from.text() + " to " + step.to.text();
    }
    std::string operator()(const Drain& step) const { return "drain " + step.instance.text(); }
    std::string operator()(const Undrain& step) const { return "undrain " + step.instance.text(); }
    std::string operator()(const Replace& step) const {
        const std::string old = step.expected.is_none()
                                    ? std::string("nothing runs there")
                                    : "instead of " + homeostat::describe(step.expected);
        const std::string version = step.version.empty() ? "" : step.version.text() + ", ";
        const std::string config = step.config.empty() ? "" : step.config.text() + ", ";
        return "replace " + step.instance.text() + " (" + version + config + old + ")";
    }
    std::string operator()(const SetCircuit& step) const {
        return "set_circuit of " + step.neighbour.text() + (step.is_open ? " open" : " closed");
    }
    std::string operator()(const SetRoute& step) const {
        return "set_route of " + step.cache.text() +
               (step.is_to_source ? " to its source" : " through the cache");
    }
    std::string operator()(const Invalidate& step) const {
        return "invalidate " + step.cache.text();
    }
    std::string operator()(const Run& step) const {
        return (step.is_inverse ? "take back " : "run ") + step.task.text();
    }
    std::string operator()(const SetMemory& step) const {
        return "set_memory of " + step.instance.text() + " from " + memory_text(step.from_bytes) +
               " to " + memory_text(step.to_bytes);
    }
    std::string operator()(const SetPaused& step) const {
        return "set_paused of " + step.service.text() + ": " + step.version.text() +
               (step.is_paused ? " stands" : " goes on");
    }
    std::string operator()(const Stop& step) const {
        const std::string process = step.expected.is_none() ? std::string("has ended already")
                                                            : homeostat::describe(step.expected);
        return "stop " + step.instance.text() + " (" + process + ")";
    }
};

}  // namespace

const InstanceId* instance_of(const Step& step) {
    return std::visit(InstanceOf{}, step);
}

bool may_touch(const Step& step, const InstanceId& instance) {
    const InstanceId* its_own = instance_of(step);
    const auto* run = std::get_if<Run>(&step);
    const bool is_about_all =
        std::holds_alternative<SwapVersion>(step) || (run != nullptr && !run->keeps_capacity);
    return its_own != nullptr ? *its_own == instance : is_about_all;
}

std::string describe(const Step& step) {
    return std::visit(Describe{}, step);
}

}  // namespace homeostat
