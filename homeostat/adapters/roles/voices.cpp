#include "homeostat/adapters/roles/voices.hpp"

#include <algorithm>

namespace homeostat::adapters::roles {

void Voices::keep(std::span<const Symptom> open) {
    std::erase_if(present_, [&](const auto& one) {
        return std::ranges::none_of(open, [&](const Symptom& symptom) {
            return Which{symptom.kind, symptom.subject} == one.first;
        });
    });
}

void Voices::says_present(const std::string& voice, const Symptom& symptom) {
    present_[{symptom.kind, symptom.subject}].insert(voice);
}

bool Voices::says_gone(const std::string& voice,
                       const Symptom& symptom,
                       const MaySpeak& may_speak) {
    if (!may_speak(voice, symptom)) {
        return false;
    }
    const auto found = present_.find({symptom.kind, symptom.subject});
    if (found == present_.end()) {
        return true;
    }
    std::set<std::string>& said = found->second;
    std::erase_if(said, [&](const std::string& other) {
        return other == voice || !may_speak(other, symptom);
    });
    return said.empty();
}

}  // namespace homeostat::adapters::roles
