#include "homeostat/heal/approvers.hpp"

#include "homeostat/base/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <set>

namespace homeostat::heal {

namespace {

constexpr std::string_view form_version = "homeostat approval 1";
constexpr std::size_t digits_per_byte = 2;
constexpr int hex_base = 16;
/// A form names each process of a service, some 150 bytes each.
constexpr JsonLimits form_limits{.bytes_max = std::size_t{1} << 16U, .depth_max = 8};

template <std::size_t Size>
std::string to_hex(const std::array<std::uint8_t, Size>& bytes) {
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text += fmt::format("{:02x}", byte);
    }
    return text;
}

template <class Bytes>
std::optional<Bytes> parse_hex(std::string_view text) {
    Bytes bytes{};
    const bool is_hex = text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    if (!is_hex || text.size() != digits_per_byte * bytes.size()) {
        return std::nullopt;
    }
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        const std::string_view digits = text.substr(digits_per_byte * at, digits_per_byte);
        std::from_chars(digits.data(), digits.data() + digits.size(), bytes.at(at), hex_base);
    }
    return bytes;
}

bool has(const std::vector<mesh::PublicKey>& keys, const mesh::PublicKey& key) {
    return std::ranges::find(keys, key) != keys.end();
}

Result<void> check_quorum(const std::string& of, std::uint32_t quorum, std::size_t listed_count) {
    if (quorum == 0 || quorum > listed_count) {
        return fail(Fault::invalid,
                    fmt::format("{}: {} of {} approvers can never agree; say 1 to {}", of, quorum,
                                listed_count, listed_count));
    }
    return {};
}

Result<void> check_listed(const Approvers& approvers) {
    std::set<std::string> names;
    std::set<mesh::PublicKey> keys;
    for (const Approver& one : approvers.listed) {
        if (!is_approver_name(one.name)) {
            return fail(Fault::invalid,
                        fmt::format("approvers: a name has 1 to {} letters, digits, '.', '_' "
                                    "and '-'",
                                    approver_name_bytes_max));
        }
        if (!names.insert(one.name).second) {
            return fail(Fault::invalid,
                        "approvers: " + one.name + " is listed twice; one person has one key");
        }
        if (!keys.insert(one.key).second) {
            return fail(Fault::invalid, "approvers: the key of " + one.name +
                                            " is listed under another name as well; one person "
                                            "would be counted as two");
        }
        if (has(approvers.own_keys, one.key)) {
            return fail(Fault::invalid, "approvers: the key of " + one.name +
                                            " is the agent's own; who proposes does not approve");
        }
    }
    return {};
}

Error mismatch(const std::string& what) {
    return {Fault::refused, "what was signed is of another " + what};
}

/// Whether the form is of just this approval.
Result<void> check_form(const Approvers& approvers,
                        const IncidentId& incident,
                        const Approval& approval,
                        const ApprovalForm& form) {
    if (form.form != form_version || form.says != PersonSays::approved) {
        return std::unexpected(mismatch("kind"));
    }
    if (form.service != approvers.service) {
        return std::unexpected(mismatch("service"));
    }
    if (form.incident != incident || form.question != approval.question) {
        return std::unexpected(mismatch("question"));
    }
    if (form.remedy != approval.remedy) {
        return std::unexpected(mismatch("remedy"));
    }
    if (form.preconditions != approval.preconditions) {
        return std::unexpected(mismatch("world"));
    }
    return {};
}

}  // namespace

bool is_approver_name(std::string_view name) {
    constexpr std::string_view allowed =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return !name.empty() && name.size() <= approver_name_bytes_max &&
           name.find_first_not_of(allowed) == std::string_view::npos;
}

Result<void> check(const Approvers& approvers) {
    const std::size_t count = approvers.listed.size();
    if (count == 0) {
        return {};
    }
    if (count > approvers_max) {
        return fail(Fault::invalid, fmt::format("approvers: at most {}", approvers_max));
    }
    Result<void> checked = check_listed(approvers);
    if (checked) {
        checked = check_quorum("quorum", approvers.quorum, count);
    }
    for (const auto& [kind, quorum] : approvers.quorum_of) {
        if (checked) {
            checked = check_quorum(fmt::format("quorum_of.{}", to_text(kind)), quorum, count);
        }
    }
    return checked;
}

std::string text_of(const ApprovalForm& form) {
    return to_text(to_json(form));
}

Result<ApprovalForm> parse_form(std::string_view text) {
    const Result<json::value> document = parse_json(text, form_limits);
    if (!document) {
        return fail("form", document.error());
    }
    Result<ApprovalForm> form = from_json<ApprovalForm>(*document);
    if (!form) {
        return fail("form", form.error());
    }
    if (form->form != form_version) {
        return fail(Fault::invalid, "form: only \"homeostat approval 1\" is known here");
    }
    if (text_of(*form) != text) {
        return fail(Fault::invalid, "form: not in its one byte form; sign it as it was sent");
    }
    return form;
}

std::string bytes_to_sign(std::string_view approver, std::string_view form_text) {
    return fmt::format("{}\n{}\n{}", form_version, approver, form_text);
}

Result<ApprovalSignature> checked(const Approvers& approvers,
                                  const ApprovalForm& form,
                                  const ApprovalSignature& signature) {
    const auto listed = std::ranges::find(approvers.listed, signature.approver, &Approver::name);
    if (listed == approvers.listed.end()) {
        return fail(Fault::refused, is_approver_name(signature.approver)
                                        ? signature.approver + " is no approver of this service"
                                        : "who signed is no approver of this service");
    }
    const std::string key = to_hex(listed->key);
    if (!signature.key.empty() && signature.key != key) {
        return fail(Fault::refused,
                    listed->name + " signed with another key than the one that is listed");
    }
    if (has(approvers.own_keys, listed->key)) {
        return fail(Fault::refused, "the key of " + listed->name + " is the agent's own");
    }
    const auto bytes = parse_hex<mesh::Signature>(signature.signature);
    if (!bytes) {
        return fail(Fault::refused,
                    "the signature of " + listed->name + " is not 128 lower-case hex digits");
    }
    if (!mesh::is_signed_by(listed->key, bytes_to_sign(listed->name, text_of(form)), *bytes)) {
        return fail(Fault::refused, "the signature of " + listed->name +
                                        " does not hold for what is asked now; fetch the question "
                                        "again and sign that");
    }
    return ApprovalSignature{listed->name, key, signature.signature};
}

std::optional<std::string> trouble_with(const Approvers& approvers,
                                        const IncidentId& incident,
                                        const Approval& approval,
                                        WallTime wall_now) {
    if (approvers.listed.empty()) {
        return std::nullopt;
    }
    if (!approval.leave) {
        return fmt::format("what {} agreed to is not signed by an approver", approval.by);
    }
    const ApprovalForm& form = approval.leave->form;
    if (const Result<void> same = check_form(approvers, incident, approval, form); !same) {
        return same.error().text;
    }
    if (wall_now > form.expires_at) {
        return fmt::format("what {} signed has expired", approval.by);
    }
    std::set<std::string> agreed;
    std::string because;
    for (const ApprovalSignature& one : approval.leave->signatures) {
        const Result<ApprovalSignature> held = checked(approvers, form, one);
        if (held) {
            agreed.insert(held->approver);
        } else {
            because = ": " + held.error().text;
        }
    }
    const std::uint32_t quorum = approvers.quorum_for(kind_of(approval.remedy));
    return agreed.size() >= quorum
               ? std::nullopt
               : std::optional(fmt::format("{} of {} signatures that are needed hold{}",
                                           agreed.size(), quorum, because));
}

}  // namespace homeostat::heal
