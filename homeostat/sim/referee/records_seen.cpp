#include "homeostat/sim/referee/records_seen.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/base/fnv1a.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace homeostat::sim {

namespace {

std::uint64_t digest_of(const EntryGroup& group) {
    return fnv1a(to_text(to_json(group)));
}

}  // namespace

void RecordsSeen::sent(const EntryGroup& group) {
    sent_.emplace(group.index, digest_of(group));
}

void RecordsSeen::taken(const EntryGroup& group) {
    const std::uint64_t digest = digest_of(group);
    taken_.resize(std::max<std::size_t>(taken_.size(), group.index + 1));
    taken_[group.index] = digest;
    sent_.emplace(group.index, digest);
}

void RecordsSeen::synced() {
    synced_count_ = taken_.size();
    sent_.erase(sent_.begin(), sent_.lower_bound({synced_count_, 0}));
}

void RecordsSeen::lose_power() {
    taken_.resize(synced_count_);
}

std::string RecordsSeen::compare(std::span<const EntryGroup> groups) {
    if (groups.size() < taken_.size()) {
        return fmt::format("{} groups were acknowledged, a successor reads {}", taken_.size(),
                           groups.size());
    }
    for (std::size_t index = 0; index < groups.size(); ++index) {
        const std::uint64_t digest = digest_of(groups[index]);
        if (index >= taken_.size()) {
            if (!sent_.contains({index, digest})) {
                return fmt::format("nobody sent the group {} that a successor reads", index);
            }
            taken_.push_back(digest);
        } else if (taken_[index] != digest) {
            return fmt::format("group {} is read otherwise than it was acknowledged", index);
        }
    }
    sent_.clear();
    synced_count_ = taken_.size();
    return {};
}

}  // namespace homeostat::sim
