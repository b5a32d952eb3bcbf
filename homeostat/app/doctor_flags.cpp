#include "homeostat/adapters/flagd/flag_definitions.hpp"
#include "homeostat/adapters/flagd/flag_file.hpp"
#include "homeostat/adapters/flagd/ofrep.hpp"
#include "homeostat/app/doctor_peers.hpp"
#include "homeostat/net/endpoint.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace homeostat::app {

namespace flagd = adapters::flagd;

namespace {

/// Of whoever may not act a file that cannot be written is no fault.
Check check_file(const Config& config) {
    const std::string file = config.flags->file.string();
    const Result<std::string> text = flagd::read_flag_file(file);
    if (!text) {
        return ill("flags", text.error().text, "see flags.flagd.file");
    }
    const Result<flagd::FlagFile> parsed = flagd::parse_flag_file(*text);
    if (!parsed) {
        return ill("flags", file + ": " + parsed.error().text,
                   "correct it: until then a change of flags is not seen");
    }
    std::string says = fmt::format("{} definitions in {}", parsed->definitions.size(), file);
    const Result<void> writable = flagd::check_writable(file);
    if (writable) {
        return well("flags", std::move(says));
    }
    const bool may_act = config.guard.autonomy_of(RemedyKind::rollback) >= Autonomy::ask;
    return may_act ? ill("flags", writable.error().text, "or nothing can be taken back")
                   : note("flags", std::move(says), writable.error().text);
}

}  // namespace

Task<Findings> check_flags(boost::asio::any_io_executor executor, Config config, Instant deadline) {
    Findings findings{check_file(config)};
    const std::string url = config.flags->url;
    if (url.empty()) {
        findings.push_back(note("flagd", "nobody is asked whether it took what is written",
                                "flags: { flagd: { url: http://127.0.0.1:8016 } }"));
        co_return findings;
    }
    Result<net::Address> address = net::parse_endpoint(url);
    if (!address) {
        findings.push_back(ill("flagd", address.error().text, "see flags.flagd.url"));
        co_return findings;
    }
    net::Endpoint endpoint = std::move(address->endpoint);
    const Result<flagd::Evaluations> seen =
        co_await flagd::evaluate_all(std::move(executor), std::move(endpoint), deadline);
    findings.push_back(
        seen ? well("flagd", fmt::format("{} gives {} flags", url, seen->flags.size()))
             : ill("flagd", fmt::format("{}: {}", url, seen.error().text),
                   "start it with this file, or correct flags.flagd.url: that is where it answers "
                   "OFREP"));
    co_return findings;
}

}  // namespace homeostat::app
