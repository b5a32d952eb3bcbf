#include "homeostat/domain/demotion.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/dropped.hpp"

#include <algorithm>
#include <utility>

namespace homeostat {

void Demotions::learn(const Entry& entry) {
    if (entry.kind == EntryKind::demoted) {
        Result<Demotion> body = from_json<Demotion>(entry.body);
        if (body && find(body->remedy) == nullptr) {
            const auto place = std::ranges::lower_bound(all, body->remedy, {}, &Demotion::remedy);
            all.insert(place, std::move(*body));
        }
    } else if (entry.kind == EntryKind::promoted) {
        if (const Result<PromotedBody> body = from_json<PromotedBody>(entry.body)) {
            std::erase_if(all, [&](const Demotion& one) { return one.remedy == body->remedy; });
        }
    } else if (entry.kind == EntryKind::dropped) {
        // It knows of every entry before it, kept or not.
        if (Result<DroppedBody> body = from_json<DroppedBody>(entry.body)) {
            all = std::move(body->carried.demotions.all);
        }
    }
}

const Demotion* Demotions::find(RemedyKind kind) const {
    const auto found = std::ranges::find(all, kind, &Demotion::remedy);
    return found == all.end() ? nullptr : &*found;
}

}  // namespace homeostat
