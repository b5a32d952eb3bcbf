#include "homeostat/app/agent_view.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::app {

std::vector<std::string> AgentView::standstills(Instant now) const {
    heal::AgentRole* const* here = std::get_if<heal::AgentRole*>(&agent_);
    return here != nullptr ? (*here)->standstills(now) : std::vector<std::string>{};
}

/// Of several agents each says what it sees, and twice the same is once.
std::vector<Symptom> AgentView::symptoms_now() const {
    if (heal::AgentRole* const* here = std::get_if<heal::AgentRole*>(&agent_)) {
        return (*here)->symptoms_now();
    }
    const Far& far = std::get<Far>(agent_);
    std::vector<Symptom> symptoms;
    for (const adapters::roles::AgentSeen& agent : far.desk->agents(far.clock->now())) {
        for (const Symptom& symptom : agent.symptoms) {
            const bool is_known = std::ranges::any_of(symptoms, [&](const Symptom& one) {
                return one.kind == symptom.kind && one.subject == symptom.subject;
            });
            if (!is_known && agent.is_speaking) {
                symptoms.push_back(symptom);
            }
        }
    }
    return symptoms;
}

std::map<std::string, std::string> AgentView::source_troubles() const {
    if (heal::AgentRole* const* here = std::get_if<heal::AgentRole*>(&agent_)) {
        return (*here)->source_troubles();
    }
    const Far& far = std::get<Far>(agent_);
    std::map<std::string, std::string> troubles;
    for (const adapters::roles::AgentSeen& agent : far.desk->agents(far.clock->now())) {
        for (const std::string& trouble : agent.troubles) {
            const bool is_of_whole = agent.scope == "the whole";
            std::string& text =
                troubles["agent " + agent.agent + (is_of_whole ? "" : " of " + agent.scope)];
            text += (text.empty() ? "" : "; ") + trouble;
        }
    }
    return troubles;
}

std::vector<Change> AgentView::changes() const {
    if (heal::AgentRole* const* here = std::get_if<heal::AgentRole*>(&agent_)) {
        const auto changes = (*here)->changes();
        return {changes.begin(), changes.end()};
    }
    return std::get<Far>(agent_).desk->changes();
}

Task<Result<Change>> AgentView::note(Change change) {
    if (heal::AgentRole* const* here = std::get_if<heal::AgentRole*>(&agent_)) {
        return (*here)->note(std::move(change));
    }
    return std::get<Far>(agent_).desk->note(std::move(change));
}

const adapters::roles::LetterDesk* AgentView::desk() const {
    const Far* far = std::get_if<Far>(&agent_);
    return far != nullptr ? far->desk : nullptr;
}

}  // namespace homeostat::app
