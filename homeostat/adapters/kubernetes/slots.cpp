#include "homeostat/adapters/kubernetes/slots.hpp"

#include "homeostat/base/id.hpp"
#include "homeostat/os/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace homeostat::adapters::kubernetes {

namespace {

constexpr std::uint32_t format_version = 1;

struct SlotsFile {
    std::uint32_t version{format_version};
    ServiceId service;
    std::vector<SlotRecord> slots;

    static void fields(auto& self, auto&& field) {
        field("version", self.version);
        field("service", self.service);
        field("slots", self.slots);
    }
};

InstanceId instance_of(const ServiceId& service, std::uint32_t index) {
    return InstanceId{fmt::format("{}-{}", service.text(), index)};
}

bool is_name_or_nothing(const std::string& text) {
    return text.empty() || is_plain_name(text);
}

bool is_plausible(const ServiceId& service, const std::vector<SlotRecord>& slots) {
    std::set<InstanceId> instances_known;
    for (std::uint32_t index = 0; index < slots_max; ++index) {
        instances_known.insert(instance_of(service, index));
    }
    std::set<std::string> pods_seen;
    for (const SlotRecord& slot : slots) {
        const bool has_names = is_name_or_nothing(slot.pod) &&
                               is_name_or_nothing(slot.effect.text()) &&
                               is_name_or_nothing(slot.awaited.text());
        const bool is_new = instances_known.erase(slot.instance) == 1 &&
                            (slot.pod.empty() || pods_seen.insert(slot.pod).second);
        if (!has_names || !is_new || (slot.pod.empty() && !slot.effect.empty())) {
            return false;
        }
    }
    return true;
}

/// A newer Homeostat may write more than this one knows; it says so by its version.
bool is_of_our_format(const json::value& value) {
    const json::value* version =
        value.is_object() ? value.get_object().if_contains("version") : nullptr;
    return version != nullptr && version->is_int64() && version->get_int64() == format_version;
}

bool stands(const PodView& pod) {
    return !pod.is_deleting && !pod.has_ended;
}

/// Those that stand, each once, the oldest first.
std::vector<PodView> standing(std::vector<PodView> pods) {
    std::erase_if(pods, [](const PodView& pod) { return !stands(pod); });
    std::ranges::sort(pods, [](const PodView& left, const PodView& right) {
        return std::tie(left.created_at, left.name, left.uid) <
               std::tie(right.created_at, right.name, right.uid);
    });
    std::set<std::string> uids_seen;
    std::erase_if(pods, [&](const PodView& pod) { return !uids_seen.insert(pod.uid).second; });
    return pods;
}

}  // namespace

Result<std::vector<SlotRecord>> parse_slots(const ServiceId& service, std::string_view text) {
    const Result<json::value> value =
        parse_json(text, JsonLimits{.bytes_max = slots_bytes_max, .depth_max = 4});
    if (!value) {
        return fail(Fault::corrupt, "not a file of slots: " + value.error().text);
    }
    if (!is_of_our_format(*value)) {
        return fail(Fault::corrupt, "written in another format than this version knows");
    }
    Result<SlotsFile> file = from_json<SlotsFile>(*value);
    if (!file) {
        return fail(Fault::corrupt, "not a file of slots: " + file.error().text);
    }
    if (file->service != service) {
        return fail(Fault::corrupt, "the slots of another service, not of " + service.text());
    }
    if (!is_plausible(service, file->slots)) {
        return fail(Fault::corrupt, "a name in it cannot be, or is there twice");
    }
    return std::move(file->slots);
}

std::string slots_text(const ServiceId& service, const std::vector<SlotRecord>& slots) {
    return to_text(to_json(SlotsFile{format_version, service, slots})) + "\n";
}

Result<Slots> Slots::numbered(const ServiceId& service, std::uint32_t count, std::string path) {
    if (count == 0 || count > slots_max || !is_plain_name(instance_of(service, slots_max).text())) {
        return fail(Fault::invalid, fmt::format("{} slots of '{}' cannot be: 1 to {} of a plain "
                                                "and short name",
                                                count, service.text(), slots_max));
    }
    Slots slots(service, std::move(path));
    for (std::uint32_t index = 0; index < count; ++index) {
        const InstanceId instance = instance_of(service, index);
        slots.slots_.push_back(Slot{.instance = instance});
        slots.records_.push_back(SlotRecord{.instance = instance});
    }
    return slots;
}

Result<Slots> Slots::followed(const ServiceId& service, std::uint32_t count) {
    return numbered(service, count, std::string());
}

Result<Slots> Slots::open(const ServiceId& service, std::uint32_t count, std::string path) {
    Result<Slots> made_slots = numbered(service, count, std::move(path));
    if (!made_slots) {
        return made_slots;
    }
    Slots slots = *std::move(made_slots);
    if (const Result<void> made = os::make_directories(os::parent_of(slots.path_)); !made) {
        return std::unexpected(made.error());
    }
    const Result<std::string> text = os::read_file(slots.path_, slots_bytes_max);
    if (!text && text.error().fault == Fault::absent) {
        return slots;
    }
    if (!text) {
        return std::unexpected(text.error());
    }
    Result<std::vector<SlotRecord>> records = parse_slots(service, *text);
    if (!records) {
        return fail(Fault::corrupt,
                    fmt::format("{}: {}. It was left as it is; with it moved away the pods take "
                                "their slots anew",
                                slots.path_, records.error().text));
    }
    for (SlotRecord& record : *records) {
        // Fewer slots than last time: those above the last are forgotten.
        if (const std::size_t index = slots.index_of(record.instance); index < count) {
            slots.slots_[index].effect = record.effect;
            slots.slots_[index].awaited = record.awaited;
            slots.records_[index] = std::move(record);
        }
    }
    slots.kept_ = *text;
    return slots;
}

std::size_t Slots::index_of(const InstanceId& instance) const {
    const auto found = std::ranges::find(slots_, instance, &Slot::instance);
    return static_cast<std::size_t>(found - slots_.begin());
}

const Slot* Slots::find(const InstanceId& instance) const {
    const std::size_t index = index_of(instance);
    return index == slots_.size() ? nullptr : &slots_[index];
}

Result<void> Slots::take(const std::vector<PodView>& pods,
                         std::uint32_t replicas,
                         std::uint64_t resource_version) {
    if (resource_version < resource_version_) {
        return {};
    }
    resource_version_ = resource_version;
    if (is_followed()) {
        standing_ = standing(pods);
        place_as_told();
        return {};
    }
    std::vector<PodView> left = standing(pods);
    for (std::size_t index = 0; index < slots_.size(); ++index) {
        SlotRecord& record = records_[index];
        const auto found = std::ranges::find(left, record.pod, &PodView::uid);
        if (found != left.end()) {
            slots_[index].pod = *found;
            left.erase(found);
            continue;
        }
        slots_[index].pod.reset();
        record.pod.clear();
        record.effect = EffectId{};
    }
    place(left);
    mark_wanted(replicas);
    return keep();
}

void Slots::follow(const std::vector<SlotPlace>& places) {
    told_ = places;
    place_as_told();
}

/// A pod that nobody has told of yet stands nowhere: to name it by a guess would be to speak of
/// another one.
void Slots::place_as_told() {
    for (std::size_t index = 0; index < slots_.size(); ++index) {
        Slot& slot = slots_[index];
        const auto told = std::ranges::find(told_, slot.instance, &SlotPlace::instance);
        const std::string uid = told == told_.end() ? std::string() : told->pod;
        const auto pod = std::ranges::find(standing_, uid, &PodView::uid);
        slot.pod = uid.empty() || pod == standing_.end() ? Boxed<PodView>() : Boxed(*pod);
        slot.is_wanted = told != told_.end() && told->is_wanted;
        records_[index].pod = slot.pod ? uid : std::string();
    }
}

/// The free slots in the order in which they are taken: first where we made room.
std::vector<std::size_t> Slots::free_slots() const {
    std::vector<std::size_t> free;
    for (std::size_t index = 0; index < records_.size(); ++index) {
        if (records_[index].pod.empty()) {
            free.push_back(index);
        }
    }
    std::ranges::sort(free, {}, [&](std::size_t index) {
        return std::pair(records_[index].awaited.empty(), index);
    });
    return free;
}

/// Each into a free slot, with the effect that made room there.
void Slots::place(const std::vector<PodView>& pods) {
    const std::vector<std::size_t> free = free_slots();
    const std::size_t placed_count = std::min(free.size(), pods.size());
    for (std::size_t index = 0; index < placed_count; ++index) {
        SlotRecord& record = records_[free[index]];
        slots_[free[index]].pod = pods[index];
        record.pod = pods[index].uid;
        record.effect = std::exchange(record.awaited, EffectId{});
    }
    left_out_count_ = static_cast<std::uint32_t>(pods.size() - placed_count);
}

void Slots::mark_wanted(std::uint32_t replicas) {
    const std::vector<std::size_t> free = free_slots();
    const std::size_t pods_count = slots_.size() - free.size();
    const std::size_t missing_count = replicas > pods_count ? replicas - pods_count : 0;
    for (Slot& slot : slots_) {
        slot.is_wanted = true;
    }
    for (std::size_t index = missing_count; index < free.size(); ++index) {
        slots_[free[index]].is_wanted = false;
    }
}

Result<void> Slots::expect(const InstanceId& instance,
                           const std::string& uid,
                           const EffectId& effect) {
    const std::size_t index = index_of(instance);
    if (index == slots_.size() || !slots_[index].pod || slots_[index].pod->uid != uid) {
        return fail(Fault::absent, "the pod is not in the slot " + instance.text());
    }
    const EffectId before = std::exchange(records_[index].awaited, effect);
    Result<void> kept = keep();
    if (!kept) {
        records_[index].awaited = before;
        slots_[index].awaited = before;
    }
    return kept;
}

Result<void> Slots::withdraw(const InstanceId& instance) {
    const std::size_t index = index_of(instance);
    if (index == slots_.size() || records_[index].pod.empty()) {
        return {};
    }
    records_[index].awaited = EffectId{};
    return keep();
}

Result<void> Slots::expect_new(const InstanceId& instance, const EffectId& effect) {
    const std::size_t index = index_of(instance);
    if (index == slots_.size() || slots_[index].pod || slots_[index].is_wanted) {
        return fail(Fault::absent, instance.text() + " is no slot in which nobody ought to stand");
    }
    const EffectId before = std::exchange(records_[index].awaited, effect);
    Result<void> kept = keep();
    if (!kept) {
        records_[index].awaited = before;
        slots_[index].awaited = before;
    }
    return kept;
}

Result<void> Slots::withdraw_new(const InstanceId& instance) {
    const std::size_t index = index_of(instance);
    if (index == slots_.size() || slots_[index].pod || slots_[index].is_wanted) {
        return {};
    }
    records_[index].awaited = EffectId{};
    return keep();
}

/// The records into the file, where it does not hold them yet; a write that failed is made up for
/// by the next.
Result<void> Slots::keep() {
    for (std::size_t index = 0; index < slots_.size(); ++index) {
        slots_[index].effect = records_[index].effect;
        slots_[index].awaited = records_[index].awaited;
    }
    std::string text = slots_text(service_, records_);
    if (text == kept_) {
        return {};
    }
    Result<void> written = os::write_file_atomically(path_, text);
    if (written) {
        kept_ = std::move(text);
    }
    return written;
}

ProcessIdentity identity_of(const PodView& pod) {
    return ProcessIdentity{.pid = 0, .start_ticks = pod.restarts_count, .pod = pod.uid};
}

}  // namespace homeostat::adapters::kubernetes
