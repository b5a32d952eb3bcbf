#pragma once

// Obstacle: what keeps a service from serving, by the word of whatever runs it.
//
// Each is a word of this closed list: what a cluster wrote beside it for people is none of it. It
// explains a symptom and never is one, and it only ever speaks against a remedy: nothing is offered
// because of one.
//
// Pure. Values only.

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace homeostat {

enum class Obstacle : std::uint8_t {
    sends_to_nobody,    ///< The service in front has no place to send to, though ours are ready.
    no_room,            ///< No node takes it: no room, or none that fits.
    quota_used_up,      ///< More may not be made: the namespace's quota.
    creation_refused,   ///< More may not be made: the cluster refuses it for another reason.
    volume_missing,     ///< What it is to mount cannot be attached or mounted.
    image_missing,      ///< Its image cannot be had.
    backing_off,        ///< It ends again and again, and its start is put off.
    liveness_failing,   ///< The cluster's own probe, after which it starts the container again.
    readiness_failing,  ///< The probe by which it gets requests or not.
    startup_failing,    ///< The probe that has to pass first.
    evicted,            ///< Its node, or another pod that is worth more, had it go.
};

constexpr auto names_of(std::type_identity<Obstacle>) {
    return std::to_array<std::string_view>({"sends_to_nobody", "no_room", "quota_used_up",
                                            "creation_refused", "volume_missing", "image_missing",
                                            "backing_off", "liveness_failing", "readiness_failing",
                                            "startup_failing", "evicted"});
}

/// There is no place for a new instance, so that whatever replaces one, or asks for more, takes
/// away and brings nothing.
[[nodiscard]] constexpr bool keeps_new_ones_away(Obstacle obstacle) {
    return obstacle == Obstacle::no_room || obstacle == Obstacle::quota_used_up ||
           obstacle == Obstacle::creation_refused;
}

}  // namespace homeostat
