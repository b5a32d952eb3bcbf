#include "homeostat/app/control_api.hpp"

#include "homeostat/adapters/process/changes_file.hpp"
#include "homeostat/app/change_event.hpp"
#include "homeostat/app/change_view.hpp"
#include "homeostat/app/metrics.hpp"
#include "homeostat/app/person_request.hpp"
#include "homeostat/app/status_rows.hpp"
#include "homeostat/app/version.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/os/user.hpp"
#include "homeostat/record/record.hpp"
#include "homeostat/record/redact.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace homeostat::app {

namespace {

constexpr const char* nothing_here = "there is no such thing here; see GET /v1/status";

struct SwitchRequest {
    std::optional<std::string> because;

    static void fields(auto& self, auto&& field) { field("because", self.because); }
};

struct UndoRequest {
    std::optional<std::string> because;
    std::optional<std::vector<ApprovalSignature>> signatures;

    static void fields(auto& self, auto&& field) {
        field("because", self.because);
        field("signatures", self.signatures);
    }
};

struct PromoteRequest {
    RemedyKind remedy{RemedyKind::observe};
    std::string because;
    std::optional<TaskId> task{};

    static void fields(auto& self, auto&& field) {
        field("remedy", self.remedy);
        field("because", self.because);
        field("task", self.task);
    }
};

net::HttpResponse reply(int status, const json::value& document) {
    return {.status = status, .body = to_pretty_text(document), .content_type = "application/json"};
}

/// Peers' words are in it, of errors above all.
json::value without_secrets(json::value document) {
    record::redact(document);
    return document;
}

net::HttpResponse refuse(int status, const std::string& text) {
    json::object document;
    document["error"] = json::value(record::redact(text));
    return reply(status, document);
}

int status_of(Fault fault) {
    switch (fault) {
        case Fault::absent:
            return 404;
        case Fault::refused:
        case Fault::busy:
            return 409;
        case Fault::full:
            return 507;
        case Fault::late:
            return 504;
        default:
            return 400;
    }
}

/// Of "/v1/incidents/i-7/undo"; nothing: the path is another one.
std::optional<IncidentId> incident_to_undo(std::string_view path) {
    constexpr std::string_view before = "/v1/incidents/";
    constexpr std::string_view behind = "/undo";
    const bool fits = path.size() > before.size() + behind.size() && path.starts_with(before) &&
                      path.ends_with(behind);
    if (!fits) {
        return std::nullopt;
    }
    path.remove_prefix(before.size());
    path.remove_suffix(behind.size());
    return is_plain_name(path) ? std::optional(IncidentId(std::string(path))) : std::nullopt;
}

bool is_answer(std::string_view path) {
    return path == "/v1/approve" || path == "/v1/deny";
}

template <class Body>
Result<Body> read_body(const net::HttpRequest& request) {
    const std::string body = request.body.empty() ? "{}" : request.body;
    const Result<json::value> document = parse_json(body, {.bytes_max = 16'384, .depth_max = 4});
    return document ? from_json<Body>(*document) : std::unexpected(document.error());
}

std::string user_name(const std::optional<net::PeerCredentials>& peer) {
    return peer ? os::user_name(peer->uid) : "unknown";
}

std::map<std::string, std::uint64_t> discarded_by(const mesh::Agent& agent) {
    std::map<std::string, std::uint64_t> counts;
    for (std::size_t index = 0; index < mesh::discards_count; ++index) {
        const auto why = static_cast<mesh::Discard>(index);
        counts.emplace(to_text(why), agent.inbox.discarded_count(why));
    }
    return counts;
}

/// What of a question that was just answered waits for further signatures; absent: nothing.
std::optional<heal::ToSignView> still_to_sign(const heal::ExecutorRole& executor,
                                              const IncidentId& incident,
                                              const std::string& question) {
    const std::vector<heal::IncidentView> open = executor.incidents();
    const auto found = std::ranges::find(open, incident, &heal::IncidentView::incident);
    const bool asks_still =
        found != open.end() && found->question && found->question->id == question;
    return asks_still ? found->question->to_sign : std::nullopt;
}

}  // namespace

ControlApi::ControlApi(ControlContext context) : context_(std::move(context)) {}

Task<net::HttpResponse> ControlApi::answer(net::HttpRequest request) {
    const bool is_post = request.method == "POST";
    if (request.method == "GET") {
        co_return co_await tell(std::move(request));
    }
    if (is_post && (request.path == "/v1/suspend" || request.path == "/v1/resume")) {
        const bool engage = request.path == "/v1/suspend";
        co_return co_await flip(std::move(request), engage);
    }
    if (is_post && is_answer(request.path)) {
        co_return co_await answer_question(std::move(request));
    }
    if (is_post && request.path == "/v1/close") {
        co_return co_await close(std::move(request));
    }
    const std::optional<IncidentId> undone =
        is_post ? incident_to_undo(request.path) : std::nullopt;
    if (undone) {
        co_return co_await undo(*undone, std::move(request));
    }
    if (is_post && request.path == "/v1/promote") {
        co_return co_await promote(std::move(request));
    }
    if (is_post && request.path == "/v1/changes" && context_.takes_changes) {
        co_return co_await take_change(std::move(request));
    }
    co_return refuse(404, nothing_here);
}

Task<net::HttpResponse> ControlApi::tell(net::HttpRequest request) {
    if (request.path == "/healthz") {
        co_return health();
    }
    if (request.path == "/metrics" && context_.figures != nullptr) {
        co_return metrics();
    }
    if (request.path == "/v1/pledges") {
        co_return pledges();
    }
    if (request.path == "/v1/sources") {
        co_return sources();
    }
    if (request.path == "/v1/status") {
        co_return co_await status();
    }
    if (const std::optional<IncidentId> undone = incident_to_undo(request.path)) {
        const Result<heal::QuestionView> form = co_await context_.executor.undo_form(*undone);
        co_return form ? reply(200, to_json(*form).as_object())
                       : refuse(status_of(form.error().fault), form.error().text);
    }
    co_return refuse(404, nothing_here);
}

net::HttpResponse ControlApi::health() const {
    std::vector<std::string> troubles = context_.agent.standstills(context_.clock.now());
    if (const std::string& trouble = context_.executor.ledger_trouble(); !trouble.empty()) {
        troubles.push_back(
            "nothing can be recorded, so only processes that have ended are started: " + trouble);
    }
    json::object document;
    document["is_healthy"] = troubles.empty();
    document["troubles"] = without_secrets(to_json(troubles));
    return reply(troubles.empty() ? 200 : 503, document);
}

net::HttpResponse ControlApi::pledges() const {
    json::object document;
    document["service"] = json::value(context_.service.text());
    document["is_configured"] = context_.pledges != nullptr;
    if (context_.pledges != nullptr) {
        const mesh::Agent& agent = context_.pledges->agent();
        document["epoch"] = agent.outbox.epoch();
        const std::optional<mesh::Reason> frozen = mesh::reason_to_freeze(agent);
        document["frozen"] = json::value(frozen ? std::string(to_text(*frozen)) : std::string());
        document["need"] = json::value(std::string(to_text(agent.load.need)));
        document["capacity_rps"] = agent.load.capacity_rps;
        document["pledges"] = to_json(context_.pledges->pledges());
        document["discarded"] = to_json(discarded_by(agent));
    }
    return reply(200, document);
}

net::HttpResponse ControlApi::sources() const {
    json::object document;
    document["service"] = json::value(context_.service.text());
    document["is_configured"] = context_.immune != nullptr;
    if (context_.immune != nullptr) {
        document["sources"] = to_json(context_.immune->view());
    }
    return reply(200, document);
}

net::HttpResponse ControlApi::metrics() const {
    AgentFigures now;
    const std::vector<heal::IncidentView> open = context_.executor.incidents();
    now.incidents_open = open.size();
    now.questions_open = static_cast<std::size_t>(std::ranges::count_if(
        open, [](const heal::IncidentView& one) { return one.question.has_value(); }));
    now.symptoms = context_.agent.symptoms_now().size();
    now.sources_silent = context_.agent.source_troubles().size();
    now.is_suspended = context_.kill_switch.is_engaged();
    if (context_.maintenance != nullptr) {
        now.is_maintenance = context_.maintenance->is_engaged();
    }
    now.is_ledger_writable = context_.executor.ledger_trouble().empty();
    now.is_unwitnessed = context_.unwitnessed && !context_.unwitnessed().empty();
    if (context_.pledges != nullptr) {
        now.mesh =
            MeshFigures{context_.pledges->pledges(), discarded_by(context_.pledges->agent())};
    }
    if (context_.immune != nullptr) {
        now.immune = context_.immune->view();
    }
    if (context_.sinks) {
        now.sinks = context_.sinks();
    }
    if (context_.fleet != nullptr) {
        now.fleet = *context_.fleet;
    }
    if (context_.shown) {
        now.shown = context_.shown();
    }
    if (const Result<os::ProcessStat> process = os::read_process_stat(::getpid())) {
        now.process = *process;
    }
    return {.status = 200,
            .body = metrics_page(now, *context_.figures),
            .content_type = std::string(prometheus_content_type)};
}

Task<net::HttpResponse> ControlApi::status() {
    // Whoever asks every few seconds, as a kubelet does, must not set the pace of checks.
    const Facts facts = co_await context_.executor.glance();
    const std::string oracle = context_.oracle == nullptr ? "none" : context_.oracle->state();
    const bool is_settled = context_.oracle == nullptr || !oracle.starts_with("starting");
    const bool is_current_good = std::ranges::all_of(artifacts_started, [&](Artifact artifact) {
        const VersionId& current = facts.versions[artifact].current;
        return current.empty() || context_.executor.versions_good(artifact).contains(current);
    });
    json::object document;
    document["service"] = json::value(context_.service.text());
    document["program"] = json::value(std::string(program_version));
    // Ready: everything that a decision needs is there, and there is a version to go back to.
    document["is_ready"] = facts.is_complete && is_settled && is_current_good &&
                           context_.executor.ledger_trouble().empty();
    document["is_suspended"] = context_.kill_switch.is_engaged();
    document["suspended_because"] = json::value(record::redact(context_.kill_switch.reason()));
    if (context_.maintenance != nullptr) {
        document["maintenance"] = to_json(context_.maintenance->view());
    }
    document["serving_count"] = serving_count(facts);
    document["instances"] = to_json(instance_statuses(facts));
    document["version_current"] = json::value(facts.versions.deploy.current.text());
    document["versions_good"] = to_json(facts.versions.deploy.good);
    if (facts.rollout) {
        document["rollout"] = to_json(*facts.rollout);
    }
    document["config_current"] = json::value(facts.versions.config.current.text());
    document["configs_good"] = to_json(facts.versions.config.good);
    if (!facts.versions.flag.current.empty()) {
        document["flags_current"] = json::value(facts.versions.flag.current.text());
    }
    if (!facts.tasks.empty()) {
        document["checks"] = to_json(check_statuses(facts, context_.clock.now()));
    }
    document["symptoms"] = to_json(context_.agent.symptoms_now());
    document["incidents"] = to_json(context_.executor.incidents());
    document["undoable"] = to_json(context_.executor.undoable());
    if (context_.has_approvers) {
        document["undo_is_signed"] = true;
    }
    document["demoted"] = to_json(context_.executor.demotions().all);
    document["changes"] =
        without_secrets(to_json(views_of_last(context_.agent.changes(), context_.clock.now())));
    document["oracle"] = json::value(record::redact(oracle));
    document["ledger_trouble"] = json::value(record::redact(context_.executor.ledger_trouble()));
    if (context_.unwitnessed) {
        document["unwitnessed"] = json::value(record::redact(context_.unwitnessed()));
    }
    if (context_.sinks) {
        document["sinks"] = without_secrets(to_json(context_.sinks()));
    }
    if (context_.fleet != nullptr) {
        document["fleet"] = without_secrets(to_json(*context_.fleet));
    }
    document["source_troubles"] = without_secrets(to_json(context_.agent.source_troubles()));
    if (const adapters::roles::LetterDesk* desk = context_.agent.desk()) {
        document["agents"] = without_secrets(to_json(desk->agents(context_.clock.now())));
        document["letters_discarded"] = to_json(desk->discarded());
    }
    co_return reply(200, document);
}

Task<net::HttpResponse> ControlApi::flip(net::HttpRequest request, bool engage) {
    const Result<SwitchRequest> asked = read_body<SwitchRequest>(request);
    if (!asked) {
        co_return refuse(400, asked.error().text);
    }
    SwitchBody record{user_name(request.peer), asked->because.value_or("")};
    const Result<void> flipped = co_await context_.executor.flip_switch(engage, std::move(record));
    if (!flipped) {
        co_return refuse(507, flipped.error().text);
    }
    json::object answer;
    answer["is_suspended"] = context_.kill_switch.is_engaged();
    co_return reply(200, answer);
}

Task<net::HttpResponse> ControlApi::answer_question(net::HttpRequest request) {
    using enum heal::AnswerKind;
    const heal::AnswerKind kind = request.path == "/v1/approve" ? approved : denied;
    const Result<PersonRequest> asked = parse_person_request(request.body);
    if (!asked) {
        co_return refuse(400, asked.error().text);
    }
    if (!asked->question || asked->question->empty()) {
        co_return refuse(400,
                         "question: which one is answered has to be said, as GET /v1/status "
                         "has it: what is asked may have changed since it was read");
    }
    if (!request.peer) {
        co_return refuse(403, "who says so is not known");
    }
    heal::Answer answer{kind, *asked->question, user_name(request.peer),
                        record::words_of_person(asked->because.value_or("")),
                        asked->signatures.value_or(std::vector<ApprovalSignature>{})};
    const Result<void> heard = co_await context_.executor.answer(asked->incident, answer);
    if (!heard) {
        co_return refuse(status_of(heard.error().fault), heard.error().text);
    }
    json::object document;
    document["incident"] = json::value(asked->incident.text());
    document["question"] = json::value(answer.question);
    document["answer"] = json::value(std::string(to_text(kind)));
    document["by"] = json::value(answer.by);
    if (const auto missing = still_to_sign(context_.executor, asked->incident, answer.question)) {
        document["quorum"] = missing->quorum;
        document["agreed"] = to_json(missing->agreed);
    }
    co_return reply(200, document);
}

Task<net::HttpResponse> ControlApi::close(net::HttpRequest request) {
    const Result<PersonRequest> asked = parse_person_request(request.body);
    if (!asked) {
        co_return refuse(400, asked.error().text);
    }
    const std::string by = user_name(request.peer);
    const Result<void> closed = co_await context_.executor.close(
        asked->incident, by, record::words_of_person(asked->because.value_or("")));
    if (!closed) {
        co_return refuse(status_of(closed.error().fault), closed.error().text);
    }
    json::object document;
    document["incident"] = json::value(asked->incident.text());
    document["by"] = json::value(by);
    co_return reply(200, document);
}

Task<net::HttpResponse> ControlApi::undo(IncidentId incident, net::HttpRequest request) {
    const Result<UndoRequest> asked = read_body<UndoRequest>(request);
    if (!asked) {
        co_return refuse(400, asked.error().text);
    }
    if (!request.peer) {
        co_return refuse(403, "who says so is not known");
    }
    const std::string by = user_name(request.peer);
    heal::TakenBack said{by, asked->because.value_or("")};
    auto signatures = asked->signatures.value_or(std::vector<ApprovalSignature>{});
    const Result<IncidentId> undoing =
        co_await context_.executor.undo(incident, std::move(said), std::move(signatures));
    if (!undoing) {
        co_return refuse(status_of(undoing.error().fault), undoing.error().text);
    }
    json::object document;
    document["incident"] = json::value(incident.text());
    document["undone_by"] = json::value(undoing->text());
    document["by"] = json::value(by);
    co_return reply(202, document);
}

Task<net::HttpResponse> ControlApi::promote(net::HttpRequest request) {
    const Result<PromoteRequest> asked = read_body<PromoteRequest>(request);
    if (!asked) {
        co_return refuse(400, asked.error().text);
    }
    if (asked->because.empty()) {
        co_return refuse(400, "because: why it may act again has to be said, for the ledger");
    }
    const bool is_of_task = asked->remedy == RemedyKind::run_task;
    if (asked->task && (!is_of_task || !is_plain_name(asked->task->text()))) {
        co_return refuse(400, "task: the name of a declared task, for run_task alone");
    }
    if (!request.peer) {
        co_return refuse(403, "who says so is not known");
    }
    PromotedBody body{asked->remedy, user_name(request.peer), asked->because, asked->task};
    const Result<void> promoted = co_await context_.executor.promote(std::move(body));
    if (!promoted) {
        co_return refuse(status_of(promoted.error().fault), promoted.error().text);
    }
    json::object answer;
    answer["demoted"] = to_json(context_.executor.demotions().all);
    co_return reply(200, answer);
}

Task<net::HttpResponse> ControlApi::take_change(net::HttpRequest request) {
    if (is_change_event(request)) {
        co_return co_await take_event(std::move(request));
    }
    Result<Change> change = adapters::process::parse_change_line(request.body);
    if (!change) {
        co_return refuse(400, change.error().text);
    }
    change->at = context_.clock.now();
    const Result<Change> noted = co_await context_.agent.note(*change);
    if (!noted) {
        co_return refuse(507, noted.error().text);
    }
    co_return reply(201, to_json(*noted));
}

/// 202: a good event by which nothing is noted; its sender is done with it.
Task<net::HttpResponse> ControlApi::take_event(net::HttpRequest request) {
    const Result<ChangeEvent> event = parse_change_event(request);
    if (!event) {
        co_return refuse(400, event.error().text);
    }
    json::object skipped;
    if (!event->change) {
        skipped["skipped"] = json::value("events of this type tell of no change of a service");
        co_return reply(202, skipped);
    }
    if (!events_seen_.is_new(*event)) {
        skipped["skipped"] = json::value("this event was noted before");
        co_return reply(202, skipped);
    }
    Change change = *event->change;
    change.at = context_.clock.now();
    const Result<Change> noted = co_await context_.agent.note(std::move(change));
    if (!noted) {
        events_seen_.forget(event->key);
        co_return refuse(507, noted.error().text);
    }
    co_return reply(201, to_json(*noted));
}

}  // namespace homeostat::app
