// `verify-ledger`: whether a ledger is as it was written, and whether what people signed holds.

#include "homeostat/adapters/segment_log/signed_head.hpp"
#include "homeostat/adapters/segment_log/verify_ledger.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/app/complaint.hpp"
#include "homeostat/app/ledger_place.hpp"
#include "homeostat/app/recorded_approvals.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/timestamp.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

namespace ledger = adapters::segment_log;

std::string names_of(const std::vector<std::filesystem::path>& files) {
    std::string names;
    for (const std::filesystem::path& file : files) {
        names += (names.empty() ? "" : ", ") + file.string();
    }
    return names;
}

std::string agreed(const ledger::Verification& verified, const ledger::Witness& witness) {
    std::string said;
    if (!witness.sink.empty()) {
        said =
            fmt::format("{} groups agree with {}", verified.witnessed_count, witness.sink.string());
    }
    if (!witness.heads.empty()) {
        said += fmt::format("{}{} signed heads of {} agree", said.empty() ? "" : ", ",
                            verified.heads_count, names_of(witness.heads));
    }
    return said.empty() ? "none; keep the head above to have one" : said;
}

void print_intact(const ledger::Verification& verified,
                  const ledger::Witness& witness,
                  const ApprovalsSeen& approvals) {
    fmt::print("intact: {} records in {} groups and {} segments\nhead:   {}\nwitness: {}\n",
               verified.entries_count, verified.groups_count, verified.segments_count,
               verified.head_hash, agreed(verified, witness));
    fmt::print("{}", to_line(approvals));
    if (verified.dropped_at && verified.first_wall_at) {
        fmt::print(
            "begins: with group {} of {}; older ones were dropped on {} by retention "
            "(record.keep)\n",
            verified.first_index, to_timestamp(*verified.first_wall_at),
            to_timestamp(*verified.dropped_at));
    }
    if (verified.torn_tail_bytes > 0) {
        fmt::print(
            "note:   {} bytes of an unfinished group at the end, from a crash or from "
            "a writer at work\n",
            verified.torn_tail_bytes);
    }
}

/// The chain is whole, and whether its end was cut off cannot be told: no place is bad.
void object_without_witness(ledger::LedgerCheck& checked,
                            const std::string& what,
                            std::string_view mend) {
    if (checked.trouble || checked.seen.groups_count == 0) {
        return;
    }
    checked.trouble =
        Error{Fault::corrupt, fmt::format("{}, and cannot confirm the end of the ledger's {} "
                                          "groups; {}",
                                          what, checked.seen.groups_count, mend)};
}

json::object to_document(const ledger::LedgerCheck& checked, const ApprovalsSeen& approvals) {
    json::object document;
    document["records"] = checked.seen.entries_count;
    document["intact"] = !checked.trouble;
    document["first_bad"] = to_json(checked.first_bad);
    document["trouble"] = json::value(checked.trouble ? checked.trouble->text : std::string());
    if (!checked.trouble) {
        document["verification"] = to_json(checked.seen);
        document["approvals"] = to_json(approvals);
    }
    return document;
}

/// The witnesses of signed heads that are configured and not named anew, which are (not) there.
std::vector<std::filesystem::path> configured_heads(const VerifyLedgerOptions& options,
                                                    const LedgerPlace& place,
                                                    bool is_there) {
    std::vector<std::filesystem::path> files;
    for (const std::filesystem::path& heads : place.witnesses) {
        std::error_code ignored;
        if (options.heads.empty() && std::filesystem::exists(heads, ignored) == is_there) {
            files.push_back(heads);
        }
    }
    return files;
}

/// What the ledger is checked against: the command line's, else what the configuration names and
/// is there.
ledger::Witness witness_of(const VerifyLedgerOptions& options, const LedgerPlace& place) {
    std::error_code ignored;
    ledger::Witness witness{options.head, options.sink, {}, options.public_key};
    if (witness.sink.empty() && std::filesystem::exists(place.sink, ignored)) {
        witness.sink = place.sink;
    }
    if (witness.public_key.empty()) {
        witness.public_key = place.public_key;
    }
    witness.heads = configured_heads(options, place, true);
    if (!options.heads.empty()) {
        witness.heads.push_back(options.heads);
    }
    return witness;
}

/// ERRORS: invalid: what is no approver on the command line.
Result<KnownApprovers> known_approvers(const VerifyLedgerOptions& options,
                                       const LedgerPlace& place) {
    if (options.approvers.empty()) {
        return KnownApprovers{place.approvers, false};
    }
    KnownApprovers known{{}, true};
    for (const std::string& text : options.approvers) {
        const Result<heal::Approver> one = parse_approver(text);
        if (!one) {
            return std::unexpected(one.error());
        }
        known.listed.push_back(*one);
    }
    return known;
}

ledger::LedgerCheck check(const VerifyLedgerOptions& options,
                          const LedgerPlace& place,
                          const ledger::Witness& witness,
                          RecordedApprovals& approvals) {
    ledger::LedgerCheck checked = ledger::check_ledger(
        place.files(), witness,
        [&](const ledger::ChainedGroup& group) { return approvals.take(group); });
    if (witness.sink.empty() && !place.sink.empty()) {
        object_without_witness(
            checked, "configured " + place.sink.string() + " is not there",
            "bring it back. A running agent writes it anew with its next record");
    }
    std::vector<std::filesystem::path> without = configured_heads(options, place, false);
    without.insert(without.end(), checked.without_head.begin(), checked.without_head.end());
    if (!without.empty()) {
        object_without_witness(checked, "no signed head is there in " + names_of(without),
                               "bring it back from a copy. A running agent writes one with its "
                               "next head");
    }
    return checked;
}

}  // namespace

ExitStatus verify_ledger_of(const VerifyLedgerOptions& options) {
    const Result<LedgerPlace> place = place_of(options.ledger);
    if (!place) {
        complain(place.error().text);
        return ExitStatus::usage;
    }
    const ledger::Witness witness = witness_of(options, *place);
    if (!witness.heads.empty() && witness.public_key.empty()) {
        complain("--witness needs the key that its heads are checked with: --public-key FILE");
        return ExitStatus::usage;
    }
    const Result<KnownApprovers> known = known_approvers(options, *place);
    if (!known) {
        complain(known.error().text);
        return ExitStatus::usage;
    }
    RecordedApprovals approvals(*known);
    const ledger::LedgerCheck checked = check(options, *place, witness, approvals);
    const bool is_intact = !checked.trouble;
    if (!is_intact && checked.trouble->fault != Fault::corrupt) {
        complain(checked.trouble->text);
        return ExitStatus::usage;
    }
    if (options.ledger.common.is_json) {
        fmt::print("{}\n", to_text(to_document(checked, approvals.seen())));
    } else if (is_intact) {
        print_intact(checked.seen, witness, approvals.seen());
    } else {
        fmt::print("NOT INTACT: {}\n", checked.trouble->text);
    }
    return is_intact ? ExitStatus::ok : ExitStatus::unexpected;
}

}  // namespace homeostat::app
