#include "homeostat/app/person_request.hpp"

#include "homeostat/heal/approvers.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace homeostat::app {

namespace {

constexpr JsonLimits limits{.bytes_max = 16'384, .depth_max = 4};
constexpr std::size_t key_digits = 64;
constexpr std::size_t signature_digits = 128;

bool is_bounded(const ApprovalSignature& one) {
    return one.approver.size() <= heal::approver_name_bytes_max && one.key.size() <= key_digits &&
           one.signature.size() <= signature_digits;
}

}  // namespace

Result<PersonRequest> parse_person_request(std::string_view body) {
    const Result<json::value> document = parse_json(body.empty() ? "{}" : body, limits);
    if (!document) {
        return std::unexpected(document.error());
    }
    Result<PersonRequest> request = from_json<PersonRequest>(*document);
    if (!request || !request->signatures) {
        return request;
    }
    if (request->signatures->size() > heal::approvers_max) {
        return fail(Fault::invalid,
                    fmt::format("signatures: at most {} are taken", heal::approvers_max));
    }
    if (!std::ranges::all_of(*request->signatures, is_bounded)) {
        return fail(Fault::invalid,
                    fmt::format("signatures: an approver's name has at most {} bytes, a key {} hex "
                                "digits, a signature {}",
                                heal::approver_name_bytes_max, key_digits, signature_digits));
    }
    return request;
}

}  // namespace homeostat::app
