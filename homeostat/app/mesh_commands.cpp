// The commands about neighbours: pledges, mesh.

#include "homeostat/app/agent_question.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/app/complaint.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/mesh_key.hpp"
#include "homeostat/app/mesh_place.hpp"
#include "homeostat/app/story.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/heal/pledge_view.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <vector>

namespace homeostat::app {

namespace {

/// What the agent answers to GET /v1/pledges.
struct PledgesAnswer {
    ServiceId service;
    bool is_configured{false};
    std::uint64_t epoch{0};
    std::string frozen;
    std::string need;
    std::uint32_t capacity_rps{0};
    std::vector<heal::PledgeView> pledges;
    std::map<std::string, std::uint64_t> discarded;

    static void fields(auto& self, auto&& field) {
        field("service", self.service);
        field("is_configured", self.is_configured);
        field("epoch", self.epoch, may_be_absent);
        field("frozen", self.frozen, may_be_absent);
        field("need", self.need, may_be_absent);
        field("capacity_rps", self.capacity_rps, may_be_absent);
        field("pledges", self.pledges, may_be_absent);
        field("discarded", self.discarded, may_be_absent);
    }
};

std::string terms_of(const heal::PledgeView& view) {
    if (view.mode.empty()) {
        return "as usual";
    }
    constexpr double ms_per_second = 1'000;
    return fmt::format("{}, at most {} calls/s, for {:.1f} s more", plain(view.mode), view.rps_max,
                       static_cast<double>(view.lasts_ms) / ms_per_second);
}

void print_pledge(const std::string& self, const heal::PledgeView& view) {
    const bool is_caller = view.role == "caller";
    const std::string neighbour = plain(view.neighbour);
    fmt::print("  {:<28} {:<14} {}{}\n",
               is_caller ? self + " -> " + neighbour : neighbour + " -> " + self, plain(view.phase),
               terms_of(view), view.is_heard ? "" : "; its agent was not heard yet");
    if (is_caller) {
        fmt::print(
            "  {:<28} {:<14} {} calls/s, {:.1f} % answered by the fallback, {:.1f} % errors, "
            "{} ms longer than usual\n",
            "", "", view.calls_rps, view.permille / 10.0, view.errors_permille / 10.0,
            view.wait_ms);
    }
}

void print_pledges(const PledgesAnswer& answer) {
    const std::string self = plain(answer.service.text());
    if (!answer.is_configured) {
        fmt::print("{}: it has nothing to agree on; see mesh: in docs/pledges.md\n", self);
        return;
    }
    fmt::print("{}: can serve {} requests/s, needs {}; life {}{}\n", self, answer.capacity_rps,
               plain(answer.need), answer.epoch,
               answer.frozen.empty()
                   ? ""
                   : " — FROZEN (" + plain(answer.frozen) + "): nothing new begins");
    for (const heal::PledgeView& view : answer.pledges) {
        print_pledge(self, view);
    }
    for (const auto& [why, count] : answer.discarded) {
        if (count > 0) {
            fmt::print("  thrown away: {} messages, {}\n", count, plain(why));
        }
    }
}

void print_as(const char* name, std::string text, bool is_json) {
    if (!is_json) {
        fmt::print("{}", text);
        return;
    }
    if (text.ends_with('\n')) {
        text.pop_back();
    }
    json::object document;
    document[name] = json::value(text);
    fmt::print("{}", to_pretty_text(document));
}

}  // namespace

ExitStatus show_pledges(const CommonOptions& options) {
    const std::expected<json::value, ExitStatus> document = ask_for(options, "/v1/pledges");
    if (!document) {
        return document.error();
    }
    if (options.is_json) {
        fmt::print("{}", to_pretty_text(*document));
        return ExitStatus::ok;
    }
    const Result<PledgesAnswer> answer = from_json<PledgesAnswer>(*document);
    if (!answer) {
        complain("the agent's answer is of another version: " + answer.error().text);
        return ExitStatus::unexpected;
    }
    print_pledges(*answer);
    return ExitStatus::ok;
}

ExitStatus show_mesh(const MeshOptions& options) {
    const ConfigReport report = load_config(options.config);
    if (!report.config) {
        complain(describe(report));
        return ExitStatus::usage;
    }
    if (!options.prints_key) {
        print_as("mermaid", mesh_drawing(*report.config), options.is_json);
        return ExitStatus::ok;
    }
    if (!report.config->mesh) {
        complain("there is no mesh in this configuration, so nobody asks for a key");
        return ExitStatus::usage;
    }
    const Result<mesh::SigningSeed> seed = read_or_make_key(report.config->mesh->key_file);
    if (!seed) {
        complain(seed.error().text);
        return ExitStatus::unexpected;
    }
    print_as("key", to_hex(mesh::public_key_of(*seed)) + "\n", options.is_json);
    return ExitStatus::ok;
}

}  // namespace homeostat::app
