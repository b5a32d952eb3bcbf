#pragma once

// Slots: which pod stands for which instance.
//
// Homeostat counts attempts and cool-downs by instance, and instances have names that last; pods
// have names that do not. So an instance is a slot, "payments-0" and so on, and a pod takes the
// first free one, those first in which we made room, and keeps it for its life. Whoever takes the
// slot of a pod that we evicted carries our effect: that is how a new start is told from one that
// somebody else made, since the pod itself cannot be marked. Slots and effects are in a file, so
// that a successor sees the same.
//
// Views of the pods come from a watch and from direct reads, and may overtake each other: one whose
// resourceVersion is older than what was taken last changes nothing. That is not kept: the first
// view after a start counts, whatever it says.
//
// The choice not taken: pods' own names as instances. Then no attempt would count for long enough
// to be a bound, and a group would have no members that a configuration can name.
//
// A small file, written inline. Not thread-safe; lives on one strand.

#include "homeostat/adapters/kubernetes/objects.hpp"
#include "homeostat/base/boxed.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/process_identity.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::adapters::kubernetes {

constexpr std::uint32_t slots_max = 64;  ///< As many instances are told apart.
constexpr std::size_t slots_bytes_max = std::size_t{64} << 10U;  ///< Five times what they need.

struct Slot {
    InstanceId instance;
    Boxed<PodView> pod{};   ///< Absent: nobody stands there, as in most.
    EffectId effect{};      ///< Of ours, that made room for this pod; empty: none did.
    EffectId awaited{};     ///< Of ours, that the next pod there carries.
    bool is_wanted{false};  ///< It holds a pod, or ought to: so many replicas are wanted.
};

/// What of a slot outlives us.
struct SlotRecord {
    InstanceId instance;
    std::string pod;  ///< The uid of who stands there; empty: nobody.
    EffectId effect;
    EffectId awaited;

    static void fields(auto& self, auto&& field) {
        field("instance", self.instance);
        field("pod", self.pod);
        field("effect", self.effect);
        field("awaited", self.awaited);
    }
    friend bool operator==(const SlotRecord&, const SlotRecord&) = default;
};

/// The file's content, strictly. ERRORS: corrupt: not JSON, another format or service, a name that
/// is not plain, a pod or a slot twice.
[[nodiscard]] Result<std::vector<SlotRecord>> parse_slots(const ServiceId& service,
                                                          std::string_view text);
[[nodiscard]] std::string slots_text(const ServiceId& service,
                                     const std::vector<SlotRecord>& slots);

/// Where somebody else says that a pod stands.
struct SlotPlace {
    InstanceId instance;
    std::string pod;  ///< Its uid; empty: nobody.
    bool is_wanted{false};
};

class Slots {
  public:
    /// For who only watches: a pod stands where `follow` says and nowhere else, and nothing is
    /// kept. ERRORS: invalid: `count` or the service's name.
    [[nodiscard]] static Result<Slots> followed(const ServiceId& service, std::uint32_t count);

    /// The places that whoever gives slots has told of last. REQUIRES: made by `followed`.
    void follow(const std::vector<SlotPlace>& places);

    [[nodiscard]] bool is_followed() const { return path_.empty(); }

    /// Reads the file at `path`, if there is one, and makes its directory if there is none. A file
    /// that cannot be read is left as it is. ERRORS: corrupt, with the mend; invalid: `count` or
    /// the service's name; full: no directory; unreachable: not readable.
    [[nodiscard]] static Result<Slots> open(const ServiceId& service,
                                            std::uint32_t count,
                                            std::string path);

    /// Takes the pods that there are now (pods_of); those that are being deleted or have ended
    /// stand nowhere. Pods beyond the last slot are left out, the youngest first.
    /// `resource_version`: of the view as a whole. ERRORS: of the file; what was taken counts all
    /// the same.
    Result<void> take(const std::vector<PodView>& pods,
                      std::uint32_t replicas,
                      std::uint64_t resource_version);

    /// Whoever takes the slot after the pod `uid` carries `effect`. Durable when it returns, and to
    /// be called before the pod is evicted. ERRORS: absent: that pod is not in that slot; of the
    /// file.
    Result<void> expect(const InstanceId& instance, const std::string& uid, const EffectId& effect);

    /// The pod in the slot stays: whoever follows it carries nothing of ours. No effect where it
    /// has gone already. ERRORS: of the file; it counts all the same until we end.
    Result<void> withdraw(const InstanceId& instance);

    /// As expect, of a slot in which nobody stands or is wanted: the next pod that is asked for
    /// takes it. ERRORS: absent: it is not such a slot; of the file.
    Result<void> expect_new(const InstanceId& instance, const EffectId& effect);

    /// No pod comes there by an effect of ours. No effect where one stands or is wanted. ERRORS: as
    /// withdraw.
    Result<void> withdraw_new(const InstanceId& instance);

    [[nodiscard]] const std::vector<Slot>& all() const { return slots_; }
    [[nodiscard]] const Slot* find(const InstanceId& instance) const;
    [[nodiscard]] std::uint32_t pods_left_out_count() const { return left_out_count_; }
    /// Of the view taken last. 0: none was.
    [[nodiscard]] std::uint64_t resource_version() const { return resource_version_; }

  private:
    /// Without a path nothing is kept, and somebody is followed.
    Slots(ServiceId service, std::string path)
        : service_(std::move(service)), path_(std::move(path)) {}

    [[nodiscard]] std::size_t index_of(const InstanceId& instance) const;
    [[nodiscard]] std::vector<std::size_t> free_slots() const;
    static Result<Slots> numbered(const ServiceId& service, std::uint32_t count, std::string path);
    void place(const std::vector<PodView>& pods);
    void place_as_told();
    void mark_wanted(std::uint32_t replicas);
    Result<void> keep();

    ServiceId service_;
    std::string path_;
    std::vector<Slot> slots_;
    std::vector<SlotRecord> records_;  ///< One of each slot, in the same order.
    std::vector<SlotPlace> told_;      ///< Of who is followed.
    std::vector<PodView> standing_;    ///< Of the view taken last, where somebody is followed.
    std::string kept_;                 ///< What the file holds.
    std::uint32_t left_out_count_{0};
    std::uint64_t resource_version_{0};
};

/// Which process a pod's container is: the pod's uid, and how often the container was started
/// again.
[[nodiscard]] ProcessIdentity identity_of(const PodView& pod);

}  // namespace homeostat::adapters::kubernetes
