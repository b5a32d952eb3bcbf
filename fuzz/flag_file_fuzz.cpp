// Three files of flags one after another, the last by somebody else: whatever parses is taken back
// only where nobody has edited it since, and then leaves everything else as it was. What a flagd
// answers is read from the fourth.

#include "homeostat/adapters/flagd/flag_definitions.hpp"
#include "homeostat/adapters/flagd/flag_history.hpp"
#include "homeostat/adapters/flagd/flag_revert.hpp"
#include "homeostat/adapters/flagd/ofrep.hpp"
#include "homeostat/base/ensure.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace homeostat;                   // NOLINT(google-build-using-namespace)
using namespace homeostat::adapters::flagd;  // NOLINT(google-build-using-namespace)

std::vector<std::string_view> parts_of(std::string_view text) {
    std::vector<std::string_view> parts;
    for (std::size_t cut = text.find('\0'); cut != std::string_view::npos && parts.size() < 3;
         cut = text.find('\0')) {
        parts.push_back(text.substr(0, cut));
        text.remove_prefix(cut + 1);
    }
    parts.push_back(text);
    return parts;
}

void check(const FlagFile& before,
           const FlagFile& after,
           const FlagFile& now,
           const FlagHistory& history) {
    const SwapVersion step{ServiceId("pay"), after.version, before.version, Artifact::flag};
    const Result<FlagRevert> back = revert_of(step, EffectId("i-1.e1"), now, history);
    const bool stands = facts_of(now, history).is_in_force(after.version, before.version);
    ensure(!back || stands, "what does not stand is not taken back");
    if (!back) {
        return;
    }
    const Result<FlagFile> written = parse_flag_file(back->text);
    ensure(written && written->version == back->version, "what is written is what is meant");
    ensure(effect_of(*written) == EffectId("i-1.e1"), "the effect's mark is in it");
    for (const Difference& one : differences(now.definitions, written->definitions)) {
        ensure(!is_same(find(before.definitions, one.kind, one.key),
                        find(after.definitions, one.kind, one.key)),
               "nothing goes back but what the change changed");
        ensure(is_same(one.to, find(before.definitions, one.kind, one.key)),
               "it goes back to what it was");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::vector<std::string_view> parts = parts_of(text);
    Result<FlagHistory> history = FlagHistory::open(ServiceId("pay"), "");
    std::vector<FlagFile> files;
    for (const std::string_view part : parts) {
        Result<FlagFile> file = parse_flag_file(part);
        if (file && files.size() < 3) {
            ensure(history->take(*file).has_value(), "nothing is written");
            files.push_back(*std::move(file));
        }
        (void)parse_flag_history(ServiceId("pay"), part);
    }
    const Result<Evaluations> seen = parse_evaluations(parts.back());
    if (seen && !files.empty()) {
        (void)objection_to(*seen, files.back(), *history);
    }
    if (files.size() == 3 && files[0].version != files[1].version) {
        check(files[0], files[1], files[2], *history);
    }
    return 0;
}
