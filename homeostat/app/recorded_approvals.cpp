#include "homeostat/app/recorded_approvals.hpp"

#include "homeostat/adapters/segment_log/stored_group.hpp"
#include "homeostat/app/mesh_key.hpp"
#include "homeostat/app/recorded_leave.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/plain.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/entry_bodies_people.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace homeostat::app {

namespace {

constexpr std::size_t key_digits_shown = 12;

/// Whether a group may hold a person's yes. A quote in a text is escaped, so nothing but the kind
/// of an entry reads like this; to read what every group says would take many times as long.
bool may_hold_a_yes(std::string_view payload) {
    return payload.contains(R"("entry":"answered")") || payload.contains(R"("entry":"undo")");
}

bool is_yes(const AnsweredBody& answer) {
    return answer.says != PersonSays::denied;
}

bool is_yes(const UndoBody& undo) {
    return undo.undoes.has_value();
}

/// Whose leave it has to be: an undo's form names the incident that did it (`is_of` looks at that).
bool is_of_incident(const AnsweredBody& answer, const IncidentId& incident) {
    return answer.leave->form.incident == incident;
}

bool is_of_incident(const UndoBody& /*undo*/, const IncidentId& /*incident*/) {
    return true;
}

bool has_leave(const json::value& body) {
    const json::object* object = body.if_object();
    const json::value* leave = object == nullptr ? nullptr : object->if_contains("leave");
    return leave != nullptr && !leave->is_null();
}

std::unexpected<Error> not_held(const Entry& entry, std::string_view why) {
    return fail(Fault::corrupt,
                fmt::format("what a person agreed to in {} ({}) {}", plain(entry.incident.text()),
                            to_text(entry.kind), why));
}

}  // namespace

std::optional<bool> RecordedApprovals::is_listed(const ApprovalSignature& signature) const {
    if (known_.listed.empty()) {
        return std::nullopt;
    }
    return std::ranges::any_of(known_.listed, [&](const heal::Approver& one) {
        return one.name == signature.approver && to_hex(one.key) == signature.key;
    });
}

Result<void> RecordedApprovals::take_signatures(const SignedLeave& leave, const Entry& entry) {
    if (leave.signatures.empty()) {
        return not_held(entry, "names a form, and nobody has signed it");
    }
    for (const ApprovalSignature& one : leave.signatures) {
        if (!heal::is_approver_name(one.approver) || !holds(leave.form, one)) {
            return not_held(entry, fmt::format("is not signed by {}: the signature does not hold",
                                               plain(one.approver)));
        }
        const std::optional<bool> listed = is_listed(one);
        if (known_.has_all && !listed.value_or(false)) {
            return not_held(entry, fmt::format("is signed by {} with the key {}, whom --approver "
                                               "does not name",
                                               one.approver, one.key));
        }
        SignerSeen& signer = signers_[{one.approver, one.key}];
        signer = {one.approver, one.key, signer.records_count + 1, listed};
    }
    return {};
}

template <class Body>
Result<void> RecordedApprovals::take_yes(const Entry& entry) {
    const Result<Body> body = from_json<Body>(entry.body);
    if (!body) {
        return has_leave(entry.body) ? not_held(entry, "cannot be read: " + body.error().text)
                                     : Result<void>{};
    }
    if (!body->leave) {
        unsigned_count_ += is_yes(*body) ? 1 : 0;
        return {};
    }
    if (!is_of(*body) || !is_of_incident(*body, entry.incident)) {
        return not_held(entry, "is not what was signed");
    }
    if (Result<void> held = take_signatures(*body->leave, entry); !held) {
        return held;
    }
    ++signed_count_;
    return {};
}

Result<void> RecordedApprovals::take(const Entry& entry) {
    switch (entry.kind) {
        case EntryKind::answered:
            return take_yes<AnsweredBody>(entry);
        case EntryKind::undo:
            return take_yes<UndoBody>(entry);
        default:
            return {};  // Nobody's word.
    }
}

Result<void> RecordedApprovals::take(const adapters::segment_log::ChainedGroup& group) {
    if (!may_hold_a_yes(group.payload)) {
        return {};
    }
    const Result<json::value> value = parse_json(group.payload);
    const auto stored = value ? from_json<adapters::segment_log::StoredGroup>(*value)
                              : std::unexpected<Error>(value.error());
    if (!stored) {
        return fail(Fault::corrupt, stored.error().text);
    }
    for (const Entry& entry : stored->group.entries) {
        if (Result<void> taken = take(entry); !taken) {
            return taken;
        }
    }
    return {};
}

ApprovalsSeen RecordedApprovals::seen() const {
    ApprovalsSeen seen{signed_count_, unsigned_count_, {}};
    for (const auto& [name, signer] : signers_) {
        seen.signers.push_back(signer);
    }
    return seen;
}

Result<heal::Approver> parse_approver(const std::string& text) {
    const std::size_t at = text.find('=');
    const std::string name = text.substr(0, at);
    const auto key = parse_key(at == std::string::npos ? "" : text.substr(at + 1));
    if (!heal::is_approver_name(name) || !key) {
        return fail(Fault::invalid,
                    "--approver: '" + plain(text) +
                        "' is no approver; want NAME=KEY, the key with the 64 digits that "
                        "`homeostat approver-key FILE` prints");
    }
    return heal::Approver{name, *key};
}

std::string to_line(const ApprovalsSeen& seen) {
    if (seen.signed_count == 0 && seen.unsigned_count == 0) {
        return {};
    }
    std::string by;
    for (const SignerSeen& one : seen.signers) {
        by += fmt::format("{}{} ({}…{})", by.empty() ? ", by " : ", ", plain(one.approver),
                          plain(one.key.substr(0, key_digits_shown)),
                          one.is_listed.value_or(true) ? "" : ", whom the list of today lacks");
    }
    return fmt::format("people: {} signed records hold{}; {} yes without a signature\n",
                       seen.signed_count, by, seen.unsigned_count);
}

}  // namespace homeostat::app
