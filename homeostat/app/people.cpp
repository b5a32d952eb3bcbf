#include "homeostat/app/people.hpp"

#include "homeostat/app/link_key.hpp"
#include "homeostat/app/matter.hpp"
#include "homeostat/app/signature_document.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/os/secret_file.hpp"
#include "homeostat/record/record.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <utility>

namespace homeostat::app {

namespace {

/// A person notices no difference, and a look costs nothing while nothing has changed.
constexpr Duration look_every = std::chrono::milliseconds{250};

Result<console::WebAddress> address_of(const ChannelConfig& channel) {
    if (channel.url_file.empty()) {
        return console::parse_web_address(channel.url);
    }
    const Result<std::string> text =
        os::read_secret_file(channel.url_file.string(), console::web_address_bytes_max + 2);
    if (!text) {
        return std::unexpected(text.error());
    }
    auto address = console::parse_web_address(trimmed(*text));
    return address ? std::move(address) : fail(channel.url_file.string(), address.error());
}

}  // namespace

bool has_people(const Config& config) {
    return config.console.has_value() || !config.channels.empty();
}

bool has_approvers(const Config& config) {
    return config.approvals && !config.approvals->approvers.empty();
}

Result<console::Target> target_of(const ChannelConfig& channel) {
    Result<console::WebAddress> address = address_of(channel);
    if (!address) {
        return std::unexpected(address.error());
    }
    if (!address->is_tls) {
        return console::target_of(*std::move(address), "");
    }
    const Result<std::string> authorities =
        os::read_file(channel.authorities.string(), net::tls_settings_bytes_max);
    if (!authorities) {
        return fail("authorities", authorities.error());
    }
    return console::target_of(*std::move(address), *authorities);
}

Result<std::unique_ptr<People>> People::make(const Config& config, PeopleContext context) {
    auto people = std::unique_ptr<People>(new People(config, std::move(context)));
    Result<void> opened = config.console ? people->open_page() : Result<void>();
    if (opened) {
        opened = people->open_channels();
    }
    if (!opened) {
        return std::unexpected(opened.error());
    }
    return people;
}

Result<void> People::open_page() {
    const ConsoleConfig& console = *config_.console;
    const std::string own = "http://" + console.listen;
    auto address = console::parse_web_address(console.url.empty() ? own : console.url);
    if (!address) {
        return fail("console.url", address.error());
    }
    page_ = *std::move(address);
    const Result<console::LinkKey> key = read_or_make_link_key(console.key_file);
    if (!key) {
        return fail("console.key", key.error());
    }
    key_ = *key;
    door_ = std::make_unique<console::Door>(
        console::DoorSettings{.address = *page_, .hosts = {console.listen}, .key = key_}, desk(),
        context_.clock);
    server_ = std::make_unique<net::HttpServer>(
        context_.executor,
        [this](net::HttpRequest request) { return door_->answer(std::move(request)); },
        console::door_limits());
    return {};
}

Result<void> People::open_channels() {
    const auto kept = read_notice_cursors(notices_file_of(config_.ledger_directory));
    if (!kept) {
        context_.log("notify: " + kept.error().text);
    }
    cursors_kept_ = kept.value_or(NoticeCursors{});
    looked_at_ = context_.cases.groups_count();
    const NoticeCursor none(kept ? std::nullopt : std::optional<std::uint64_t>(0), looked_at_);
    const std::vector<std::string> cursor_names_all = cursor_names(config_.channels);
    for (std::size_t index = 0; index < config_.channels.size(); ++index) {
        const ChannelConfig& channel = config_.channels[index];
        const std::string name = channel_name(index);
        Result<console::Target> target = target_of(channel);
        if (!target) {
            return fail(name, target.error());
        }
        console::ChannelSettings settings;
        settings.name = name;
        settings.target = *std::move(target);
        settings.shape = channel.shape;
        settings.limits.per_minute = channel.per_minute;
        settings.log = context_.log;
        const std::optional<std::uint64_t> told =
            told_up_to(cursors_kept_, cursor_names_all[index], index);
        lines_.push_back(
            {.name = name,
             .cursor_name = cursor_names_all[index],
             .config = channel,
             .channel = std::make_unique<console::Channel>(context_.executor, context_.clock,
                                                           config_.service, std::move(settings)),
             .cursor = told ? NoticeCursor(told, looked_at_) : none});
    }
    return {};
}

Result<void> People::listen() {
    if (!server_) {
        return {};
    }
    const Result<net::Address> address = net::parse_endpoint("http://" + config_.console->listen);
    if (!address) {
        return fail("console.listen", address.error());
    }
    const Result<void> listening = config_.console->is_open
                                       ? server_->listen_openly(address->endpoint)
                                       : server_->listen(address->endpoint);
    return listening ? listening : fail("console.listen", listening.error());
}

console::Desk People::desk() {
    console::Desk desk;
    desk.matter_of = [this](IncidentId incident) { return matter_of(std::move(incident)); };
    desk.answer_to = [this](const std::string& question) {
        return context_.cases.answer_to(question);
    };
    desk.answer = [this](console::PersonAnswer said) { return answer(std::move(said)); };
    desk.undo_of = [this](IncidentId incident) { return undo_of(std::move(incident)); };
    desk.undo = [this](console::PersonUndo said) { return undo(std::move(said)); };
    return desk;
}

WallTime People::on_the_wall(Instant at) const {
    const Duration left = at - context_.clock.now();
    return context_.clock.wall_now() + std::chrono::duration_cast<std::chrono::milliseconds>(left);
}

Task<std::optional<console::Matter>> People::matter_of(IncidentId incident) {
    if (!context_.cases.proposal_of(incident)) {
        co_return std::nullopt;
    }
    const Facts facts = co_await context_.role.read_facts();
    const std::optional<Proposal> proposal = context_.cases.proposal_of(incident);
    const std::vector<heal::IncidentView> views = context_.role.incidents();
    const auto found = std::ranges::find(views, incident, &heal::IncidentView::incident);
    if (!proposal || found == views.end() || !found->question) {
        co_return std::nullopt;
    }
    co_return app::matter_of(*found, *proposal, facts, config_.guard,
                             on_the_wall(found->question->deadline_at));
}

Task<Result<void>> People::answer(console::PersonAnswer said) {
    heal::Answer answer;
    if (!said.signature.empty()) {
        Result<SignedLeave> leave = parse_signature_document(said.signature);
        const SignedFor wanted{config_.service, said.incident, said.question};
        const Result<void> is_it = leave ? check_is_for(leave->form, wanted)
                                         : Result<void>(std::unexpected(leave.error()));
        if (!is_it) {
            co_return std::unexpected(is_it.error());
        }
        answer.signatures = std::move(leave->signatures);
    }
    answer.kind =
        said.says == PersonSays::approved ? heal::AnswerKind::approved : heal::AnswerKind::denied;
    answer.question = std::move(said.question);
    answer.by = std::move(said.by);
    answer.because = record::words_of_person(said.because);
    const Result<void> heard =
        co_await context_.role.answer(std::move(said.incident), std::move(answer));
    co_return heard;
}

Task<std::optional<console::UndoMatter>> People::undo_of(IncidentId incident) {
    const Facts facts = co_await context_.role.read_facts();
    const std::vector<heal::UndoableView> views = context_.role.undoable();
    const auto found = std::ranges::find(views, incident, &heal::UndoableView::incident);
    if (found == views.end() || !inverse_of(found->remedy)) {
        co_return std::nullopt;
    }
    co_return undo_matter(config_.service, *found,
                          touches_of(*inverse_of(found->remedy), facts, config_.guard),
                          on_the_wall(found->until), has_approvers(config_));
}

Task<Result<IncidentId>> People::undo(console::PersonUndo said) {
    if (has_approvers(config_)) {
        co_return fail(Fault::refused, "an undo has to be signed here, and a link is no signature");
    }
    heal::TakenBack words{std::move(said.by), record::words_of_person(said.because)};
    const Result<IncidentId> undone =
        co_await context_.role.undo(std::move(said.incident), std::move(words));
    co_return undone;
}

/// It may have been answered meanwhile; else the next look finds it.
Task<void> People::look_at_question(heal::IncidentView view) {
    const std::optional<console::Matter> matter = co_await matter_of(view.incident);
    if (matter && matter->question == view.question->id) {
        told_[view.incident].question = matter->question;
        tell(asks_notice(*matter, context_.clock.wall_now()));
    }
}

void People::look_at_need(const heal::IncidentView& view) {
    const std::uint64_t call = context_.cases.call_of(view.incident);
    const bool is_recorded = view.node != "parked" && context_.role.ledger_trouble().empty();
    ToldOfIncident& told = told_[view.incident];
    if (!is_newly_needed(view, is_recorded ? std::optional(call) : std::nullopt, told)) {
        return;
    }
    told.trouble = view.trouble;
    told.call = call;
    const std::vector<heal::UndoableView> undoable = context_.role.undoable();
    const bool may_undo =
        std::ranges::find(undoable, view.incident, &heal::UndoableView::incident) != undoable.end();
    console::Notice notice =
        needs_person_notice(config_.service, view, may_undo, context_.clock.wall_now());
    add_silent(notice, context_.troubles());
    tell(std::move(notice));
}

Task<void> People::look() {
    const std::uint64_t groups_count = context_.cases.groups_count();
    std::vector<heal::IncidentView> views = context_.role.incidents();
    tell_of_closed();  // First, as that is older than what is open.
    // Before anything is awaited: what the ledger says of their calls is of the same moment.
    std::ranges::for_each(views, [this](const heal::IncidentView& view) { look_at_need(view); });
    for (heal::IncidentView& view : views) {
        if (view.question && view.question->id != told_[view.incident].question) {
            co_await look_at_question(std::move(view));
        }
    }
    tell_of_acts();
    if (const std::optional<console::Notice> silence =
            silent_.learn(context_.troubles(), context_.clock.now(), context_.clock.wall_now())) {
        tell(*silence);
    }
    looked_at_ = groups_count;  // What has come meanwhile is looked at once more.
    keep_cursors();
}

Task<void> People::run() {
    for (Line& line : lines_) {
        boost::asio::co_spawn(context_.executor, line.channel->run(), boost::asio::detached);
    }
    while (!is_stopping_) {
        co_await look();
        co_await context_.clock.sleep_until(context_.clock.now() + look_every);
    }
}

Task<void> People::stop(Instant deadline) {
    is_stopping_ = true;
    keep_cursors();
    for (Line& line : lines_) {
        line.channel->stop();
    }
    if (server_) {
        co_await server_->stop(deadline);
    }
}

}  // namespace homeostat::app
