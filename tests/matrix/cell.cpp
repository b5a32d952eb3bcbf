#include "cell.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace homeostat::matrix {

namespace {

template <class E>
std::vector<E> all_of() {
    std::vector<E> all;
    for (std::size_t index = 0; index < names_of(std::type_identity<E>{}).size(); ++index) {
        all.push_back(static_cast<E>(index));
    }
    return all;
}

/// Of cells that cannot come about, with the reason. Nothing else may be left out.
struct NotApplicable {
    Port port;
    std::array<PortFault, 5> faults;
    std::array<Phase, 6> phases;
    std::string_view because;
};

/// What is wrong with the way of an answer is only met by an answer.
constexpr std::array not_applicable{NotApplicable{
    Port::approvals,
    {PortFault::absent, PortFault::slow, PortFault::stale, PortFault::partial, PortFault::late},
    {Phase::idle, Phase::intent, Phase::act, Phase::outcome, Phase::verify, Phase::undo},
    "nobody is asked then, so there is no answer that could be missing, late or a part of one"}};

}  // namespace

std::string to_text(const Cell& cell) {
    return fmt::format("{} {} {}", homeostat::to_text(cell.port), homeostat::to_text(cell.fault),
                       homeostat::to_text(cell.phase));
}

std::vector<Cell> all_cells() {
    std::vector<Cell> cells;
    for (const Port port : all_of<Port>()) {
        for (const PortFault fault : all_of<PortFault>()) {
            for (const Phase phase : all_of<Phase>()) {
                cells.push_back({port, fault, phase});
            }
        }
    }
    return cells;
}

std::string_view why_not_applicable(const Cell& cell) {
    for (const NotApplicable& row : not_applicable) {
        const bool is_in_it = row.port == cell.port &&
                              std::ranges::find(row.faults, cell.fault) != row.faults.end() &&
                              std::ranges::find(row.phases, cell.phase) != row.phases.end();
        if (is_in_it) {
            return row.because;
        }
    }
    return {};
}

}  // namespace homeostat::matrix
