#include "homeostat/sim/run/ledger_disk.hpp"

#include "homeostat/adapters/segment_log/group_prefix.hpp"
#include "homeostat/adapters/segment_log/segment_format.hpp"
#include "homeostat/base/fnv1a.hpp"
#include "homeostat/sim/world/draws.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <map>
#include <string_view>
#include <vector>

namespace homeostat::sim {

namespace {

namespace segment_log = adapters::segment_log;

constexpr std::string_view segment_suffix = ".hlog";
constexpr std::size_t everything = ~std::size_t{0};
/// A part of a group, or a few of them.
constexpr std::int64_t room_left_max = 12'000;
constexpr std::int64_t broken_call_max = 4;

/// Where the first group stands that no later one says to be durable.
std::size_t promised_end(std::string_view segment) {
    std::map<std::uint64_t, std::size_t> offsets;  // By the group's index.
    std::uint64_t durable_count = 0;
    (void)segment_log::read_frames(segment, [&](std::string_view payload, std::size_t offset) {
        const auto prefix = segment_log::parse_group_prefix(payload);
        if (prefix) {
            offsets[prefix->index] = offset;
            durable_count = std::max(durable_count, prefix->durable_count);
        }
        return prefix.has_value();
    });
    const auto first = offsets.lower_bound(durable_count);
    const bool is_any_promised = !offsets.empty() && first != offsets.begin();
    return is_any_promised && first != offsets.end() ? first->second : 0;
}

/// Where the last group stands, if it was written in this boot: of what rots from there on only a
/// witness can tell that it was ever whole.
std::size_t end_of_boot(std::string_view segment, std::string_view boot_id) {
    std::size_t end = 0;
    (void)segment_log::read_frames(segment, [&](std::string_view payload, std::size_t offset) {
        const auto prefix = segment_log::parse_group_prefix(payload);
        end = prefix && prefix->boot_id == boot_id ? offset : 0;
        return prefix.has_value();
    });
    return end;
}

}  // namespace

void LedgerDisk::turn_full(bool is_full) {
    if (!is_full) {
        disk_.limit_bytes(0);
        return;
    }
    const auto room = static_cast<std::uint64_t>(rng_.between(0, room_left_max));
    disk_.limit_bytes(disk_.bytes_count() + room);
}

void LedgerDisk::break_a_call() {
    disk_.fail_with(
        {.error_number = EIO,
         .call_index = static_cast<std::uint64_t>(rng_.between(1, broken_call_max)),
         .only = draw_chance(rng_, 0.5) ? disk::CallKind::append : disk::CallKind::sync});
}

void LedgerDisk::remember_written() {
    const auto names = disk_.list(directory);
    if (!names) {
        return;
    }
    for (const std::string& name : *names) {
        if (name.ends_with(segment_suffix)) {
            std::string& known = written_[fmt::format("{}/{}", directory, name)];
            const auto more =
                disk_.read(fmt::format("{}/{}", directory, name), known.size(), everything);
            if (more && !more->empty()) {
                known += *more;
            }
        }
    }
}

void LedgerDisk::lose_power() {
    const disk::Choose choose = [this](std::uint64_t count) {
        return static_cast<std::uint64_t>(rng_.between(0, static_cast<std::int64_t>(count) - 1));
    };
    disk_.lose_power(choose,
                     draw_chance(rng_, 0.5) ? disk::WriteOrder::kept : disk::WriteOrder::none);
    written_ = synced_;
}

bool LedgerDisk::rot(std::string_view boot_id) {
    if (rotten_ || synced_.empty()) {
        return false;
    }
    const auto which = rng_.between(0, std::ssize(synced_) - 1);
    const auto& [path, bytes] = *std::next(synced_.begin(), which);
    const bool is_last = which == std::ssize(synced_) - 1;
    // What was not synced goes with a power loss, and what it says of others.
    const std::size_t always = is_last ? promised_end(bytes) : bytes.size();
    const std::size_t end =
        is_last ? std::max(always, std::min(bytes.size(), end_of_boot(written_[path], boot_id)))
                : always;
    if (end == 0) {
        return false;
    }
    const auto bit = static_cast<std::uint64_t>(rng_.between(0, std::int64_t(end) * 8 - 1));
    disk_.rot(path, bit);
    rotten_ = {.path = path, .bit = bit, .is_like_a_loss = bit / 8 >= always};
    return true;
}

void LedgerDisk::bring_back() {
    disk_.rot(rotten_->path, rotten_->bit);  // The same bit, once more.
    rotten_.reset();
}

LedgerDisk::Files LedgerDisk::segments() {
    Files found;
    const auto names = disk_.list(directory);
    for (const std::string& name : names ? *names : std::vector<std::string>{}) {
        const std::string path = fmt::format("{}/{}", directory, name);
        if (auto bytes = disk_.read(path, 0, everything); bytes) {
            found[path] = std::move(*bytes);
        }
    }
    return found;
}

std::string LedgerDisk::what_is_lost() {
    const Files present = segments();
    for (const auto& [path, bytes] : written_) {
        const auto found = present.find(path);
        if (found == present.end()) {
            return path + " is not there any more";
        }
        if (!found->second.starts_with(bytes)) {
            const auto differs = std::ranges::mismatch(found->second, bytes).in1;
            return fmt::format("{} differs from byte {} on", path,
                               std::distance(found->second.begin(), differs));
        }
    }
    return {};
}

std::uint64_t LedgerDisk::digest() {
    std::string all;
    for (const auto& [path, bytes] : segments()) {
        all += fmt::format("{} {} ", path, bytes.size()) + bytes;
    }
    return fnv1a(all);
}

}  // namespace homeostat::sim
