// Any lines for the door between the two roles: what the desk lets in is a letter of a listed
// agent, within its bounds, new and for this life; a proposal that the role gets is about this
// service, of moments that can be, and of an agent beside a pod about that pod and no more than it;
// and no reply of any bytes is taken for more than one is.
//
// A line that begins with '!' is taken as the bytes of a letter, one with '<' as those of a reply,
// one with '@' as the text of a letter that the key of pods signs; any other is the text of a
// letter without its signature, and is signed by the agent of the whole.

#include "homeostat/adapters/roles/letter_desk.hpp"
#include "homeostat/adapters/roles/reply.hpp"
#include "homeostat/adapters/roles/roles_for_test.hpp"
#include "homeostat/base/ensure.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace roles = homeostat::adapters::roles;
using homeostat::ensure;

namespace {

std::string bytes_of(std::string_view line) {
    if (line.starts_with('!')) {
        return std::string(line.substr(1));
    }
    const bool is_of_pod = line.starts_with('@');
    std::string text(line.substr(is_of_pod ? 1 : 0));
    const homeostat::mesh::Signature signature =
        homeostat::mesh::sign(is_of_pod ? roles::pods_seed_for_test : roles::seed_for_test,
                              "homeostat letter 1\n" + text);
    if (!text.empty()) {
        text.pop_back();
    }
    return text + R"(,"signature":")" + roles::to_hex(signature) + R"("})";
}

/// Beside pod-a stands payments-0, and an agent; one of the whole is somewhere.
roles::DeskSettings settings() {
    roles::DeskSettings settings = roles::desk_settings_for_test(roles::life_for_test, nullptr);
    settings.agents.push_back(
        {homeostat::mesh::public_key_of(roles::pods_seed_for_test), roles::ScopeKind::pod});
    settings.instances_at = [](const roles::Scope& scope) {
        return scope.name == "pod-a"
                   ? std::vector<homeostat::InstanceId>{homeostat::InstanceId("payments-0")}
                   : std::vector<homeostat::InstanceId>{};
    };
    return settings;
}

/// An executor that hears the lines at a moment that stands still.
class Listener {
  public:
    Listener() { clock_.stands_at = homeostat::instant_of_ns(1'000'000'000'000'000); }

    void hear(const std::string& bytes, bool is_of_pod) {
        const std::size_t proposals = executor_.proposals.size();
        const roles::Reply first = say(bytes);
        if (first.discarded) {
            ensure(executor_.proposals.size() == proposals && first.open.empty(),
                   "what is thrown away changes nothing and learns nothing");
            return;
        }
        for (const homeostat::Proposal& proposal : executor_.proposals) {
            ensure(!is_of_pod || is_of_that_pod(proposal),
                   "an agent beside a pod proposes for that and no more than it");
        }
        check_proposals();
        ensure(!is_of_pod || executor_.notes.empty(), "of a pod nothing is noted");
        for (const homeostat::Symptom& symptom : first.open) {
            ensure(!is_of_pod || symptom.subject.name == "payments-0", "it is told of its own");
        }
        executor_.notes.clear();
        ensure(say(bytes).discarded.has_value(), "nothing counts twice");
    }

  private:
    static bool is_of_that_pod(const homeostat::Proposal& proposal) {
        const auto is_within = [](const homeostat::Remedy& remedy) {
            const homeostat::InstanceId* target = homeostat::instance_of(remedy);
            return target != nullptr ? target->text() == "payments-0"
                                     : homeostat::kind_of(remedy) == homeostat::RemedyKind::observe;
        };
        return proposal.symptom.subject.name == "payments-0" && is_within(proposal.choice.remedy) &&
               std::ranges::all_of(proposal.menu.items, is_within, &homeostat::MenuItem::remedy);
    }

    roles::Reply say(const std::string& bytes) {
        homeostat::net::HttpRequest request;
        request.method = "POST";
        request.path = roles::letters_path;
        request.body = bytes;
        std::string body;
        boost::asio::co_spawn(context_, desk_.answer(std::move(request)),
                              [&body](const std::exception_ptr& thrown,
                                      const homeostat::net::HttpResponse& response) {
                                  ensure(!thrown, "nothing is thrown");
                                  body = response.body;
                              });
        context_.restart();
        context_.run();
        const auto reply = roles::parse_reply(body);
        ensure(reply.has_value(), "the agent can read each reply");
        return *reply;
    }

    void check_proposals() {
        for (const homeostat::Proposal& proposal : executor_.proposals) {
            ensure(proposal.service.text() == "payments" && !proposal.undoes,
                   "a proposal is about this service, and takes nothing back");
            ensure(proposal.symptom.began_at <= proposal.symptom.noticed_at &&
                       proposal.symptom.noticed_at <= proposal.judged_at &&
                       proposal.judged_at <= clock_.now() &&
                       proposal.judging_took >= homeostat::Duration::zero(),
                   "its moments are in order and have been");
            ensure(proposal.menu.items.size() <= homeostat::menu_items_max,
                   "its menu is no longer than one is");
        }
        executor_.proposals.clear();
        executor_.open.clear();
    }

    boost::asio::io_context context_{1};
    roles::ClockForTest clock_;
    roles::WrittenExecutor executor_;
    roles::LetterDesk desk_{executor_, clock_, settings()};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr int lines_max = 16;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    Listener executor;
    for (int count = 0; count < lines_max && !text.empty(); ++count) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (line.starts_with('<')) {
            const auto reply = roles::parse_reply(line.substr(1));
            ensure(!reply || reply->changes.size() <= roles::changes_max,
                   "a reply that is taken keeps its bounds");
            continue;
        }
        executor.hear(bytes_of(line), line.starts_with('@'));
    }
    return 0;
}
