// The commands that talk to a running agent: status, suspend, resume.

#include "homeostat/adapters/roles/letter_desk.hpp"
#include "homeostat/adapters/system/switch_file.hpp"
#include "homeostat/app/agent_question.hpp"
#include "homeostat/app/change_view.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/app/complaint.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/control_client.hpp"
#include "homeostat/app/fleet_state.hpp"
#include "homeostat/app/maintenance.hpp"
#include "homeostat/app/sink_states.hpp"
#include "homeostat/app/status_rows.hpp"
#include "homeostat/app/story.hpp"
#include "homeostat/app/task_view.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/timestamp.hpp"
#include "homeostat/domain/demotion.hpp"
#include "homeostat/domain/rollout.hpp"
#include "homeostat/heal/executor_settings.hpp"
#include "homeostat/heal/person_order.hpp"
#include "homeostat/os/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

namespace {

std::string text_in(const json::object& object, const char* name) {
    const json::value* member = object.if_contains(name);
    return member != nullptr && member->is_string() ? plain(member->get_string()) : std::string();
}

bool flag_in(const json::object& object, const char* name) {
    const json::value* member = object.if_contains(name);
    return member != nullptr && member->is_bool() && member->get_bool();
}

const json::array& list_in(const json::object& object, const char* name) {
    static const json::array none;
    const json::value* member = object.if_contains(name);
    return member != nullptr && member->is_array() ? member->get_array() : none;
}

/// What has to stand behind a command that is shown, so that it asks this agent; empty where its
/// configuration has the name that commands look for by themselves.
std::string option_for(const std::filesystem::path& config) {
    const std::string file = plain(config.string());
    if (file == CommonOptions().config) {
        return {};
    }
    constexpr std::string_view harmless =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-";
    const bool is_plain = file.find_first_not_of(harmless) == std::string::npos;
    return is_plain ? " -c " + file : " -c FILE";
}

std::string process_of(const json::object& instance) {
    const json::value* pid = instance.if_contains("pid");
    const bool is_process = pid != nullptr && pid->is_number() && pid->to_number<double>() > 0;
    return is_process ? fmt::format("  pid {:<8.0f}", pid->to_number<double>()) : std::string();
}

void print_instances(const json::object& status) {
    for (const json::value& value : list_in(status, "instances")) {
        const json::object& instance = value.as_object();
        const bool is_alive = flag_in(instance, "is_alive");
        const std::string health = !is_alive                           ? "down"
                                   : flag_in(instance, "is_answering") ? "answering"
                                                                       : "not answering";
        const std::string config = text_in(instance, "config");
        const std::string rotation = text_in(instance, "rotation");
        // Without an edge nobody knows of one, and it would be the same word on each line.
        const std::string place =
            rotation == "unknown" ? "" : fmt::format("  rotation {:<9}", rotation);
        const std::string version = text_in(instance, "version");
        const std::string row = fmt::format(
            "  {:<16} {:<13}{}{}{}{}", text_in(instance, "instance"), health, process_of(instance),
            place, version.empty() ? "" : "  " + version, config.empty() ? "" : " with " + config);
        fmt::print("{}\n", std::string_view(row).substr(0, row.find_last_not_of(' ') + 1));
    }
}

void print_checks(const json::object& status) {
    for (const json::value& value : list_in(status, "checks")) {
        if (const Result<CheckStatus> check = from_json<CheckStatus>(value)) {
            fmt::print("check of {}: {}, as it said {:.0f} s ago\n", plain(check->task.text()),
                       check->is_well ? "all is well" : "all is not well", check->age_s);
        }
    }
}

void print_changes(const json::object& status) {
    for (const json::value& value : list_in(status, "changes")) {
        const Result<ChangeView> change = from_json<ChangeView>(value);
        fmt::print("change: {}\n",
                   change ? sentence_of(*change, "ago") : "one that this version cannot read");
    }
}

/// What leave would be for.
std::string world_of(const Preconditions& told) {
    std::string text;
    for (const ProcessIdentity& process : told.processes) {
        text += (text.empty() ? "; " : ", ") + plain(describe(process));
    }
    text += told.version.empty() ? "" : "; version " + plain(told.version.text());
    return text + (told.config.empty() ? "" : "; configuration " + plain(told.config.text()));
}

std::string names_in(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        text += (text.empty() ? "" : ", ") + plain(name);
    }
    return text;
}

void print_question(const std::string& id, const json::value& incident, const std::string& to) {
    const Result<heal::IncidentView> view = from_json<heal::IncidentView>(incident);
    if (!view || !view->question) {
        return;
    }
    const Duration left = view->question->deadline_at - os::read_boot_clock();
    const std::string what = id + " --question " + plain(view->question->id);
    fmt::print("  asks: {} (silence is no, in {:.0f} s)\n", plain(view->question->text),
               std::max(0.0, to_seconds(left)));
    fmt::print("    for {} on {}{}\n", to_text(view->symptom.kind),
               plain(view->symptom.subject.name), world_of(view->question->preconditions));
    const std::optional<heal::ToSignView>& to_sign = view->question->to_sign;
    if (to_sign) {
        fmt::print("    signed by {} of {} approvers that are needed{}{}; until {}\n",
                   to_sign->agreed.size(), to_sign->quorum, to_sign->agreed.empty() ? "" : ": ",
                   names_in(to_sign->agreed), to_timestamp(to_sign->expires_at));
    }
    const std::string yes = to_sign ? id + " --form" + to +
                                          " | homeostat sign - --key FILE | homeostat approve " +
                                          id + " --signature -"
                                    : what;
    fmt::print("    homeostat approve {}{}\n    homeostat deny {}{}\n", yes, to, what, to);
}

/// The incidents of a status that ask something.
json::array waiting_in(const json::object& status) {
    json::array waiting;
    for (const json::value& value : list_in(status, "incidents")) {
        const Result<heal::IncidentView> view = from_json<heal::IncidentView>(value);
        if (view && view->question) {
            waiting.push_back(value);
        }
    }
    return waiting;
}

void print_demotions(const json::object& status, const std::string& to) {
    for (const json::value& value : list_in(status, "demoted")) {
        const Result<Demotion> demotion = from_json<Demotion>(value);
        if (demotion) {
            fmt::print(
                "demoted: {} asks, as {} (homeostat autonomy promote {}{} --because WHY{})\n",
                plain(describe(*demotion)), plain(why(*demotion)), to_text(demotion->remedy),
                demotion->task ? " --task " + plain(demotion->task->text()) : "", to);
        }
    }
}

std::string time_left_of(const heal::UndoableView& view) {
    return view.is_held && std::holds_alternative<PauseRollout>(view.remedy)
               ? "until it is seen to be well"
               : fmt::format("{:.0f} s left",
                             std::max(0.0, to_seconds(view.until - os::read_boot_clock())));
}

/// What a person may take back, and until when.
void print_undoable(const json::object& status, const std::string& to) {
    const bool is_signed = flag_in(status, "undo_is_signed");
    for (const json::value& value : list_in(status, "undoable")) {
        const Result<heal::UndoableView> view = from_json<heal::UndoableView>(value);
        if (view) {
            fmt::print("undo: {} {} {} ({}): homeostat undo {}{}{}\n", plain(view->incident.text()),
                       view->is_held ? "holds" : "did", plain(describe(view->remedy)),
                       time_left_of(*view), plain(view->incident.text()),
                       is_signed && !view->is_held ? " --key FILE" : "", to);
        }
    }
}

void print_maintenance(const json::object& status) {
    const json::value* value = status.if_contains("maintenance");
    const Result<MaintenanceView> view =
        value == nullptr ? fail(Fault::absent, "none") : from_json<MaintenanceView>(*value);
    if (view && view->begins_at && view->ends_at) {
        fmt::print("maintenance: {} {}, {} {} ({})\n", view->is_now ? "since" : "next",
                   to_timestamp(*view->begins_at), view->is_now ? "ends" : "until",
                   to_timestamp(*view->ends_at), plain(view->because));
    }
}

void print_sinks(const json::object& status) {
    for (const json::value& value : list_in(status, "sinks")) {
        const Result<SinkState> sink = from_json<SinkState>(value);
        if (!sink) {
            continue;
        }
        const std::string lag =
            sink->lag_groups ? fmt::format(", lacks {} groups", *sink->lag_groups) : std::string();
        fmt::print("sink {}: {}{}{}{}\n", plain(sink->name), to_text(sink->standing), lag,
                   sink->trouble.empty() ? "" : ": ", plain(sink->trouble));
    }
}

/// Those of processes of their own; where the agent is in this one there are none.
void print_agents(const json::object& status) {
    const json::value* agents = status.if_contains("agents");
    if (agents != nullptr && agents->is_array() && agents->get_array().empty()) {
        fmt::print("no agent has spoken yet, so nothing is judged\n");
    }
    for (const json::value& value : list_in(status, "agents")) {
        const Result<adapters::roles::AgentSeen> agent =
            from_json<adapters::roles::AgentSeen>(value);
        if (agent) {
            const bool is_of_whole = agent->scope == "the whole";
            fmt::print("agent {}{}: {}, heard {:.1f} s ago\n", plain(agent->agent),
                       is_of_whole ? "" : " of " + plain(agent->scope),
                       agent->is_speaking ? "speaks" : "IS SILENT, nothing new is judged",
                       agent->heard_s_ago);
        }
    }
}

/// What it said last, if it was asked.
void print_fleet(const json::object& status) {
    const json::value* value = status.if_contains("fleet");
    const Result<FleetState> fleet =
        value != nullptr ? from_json<FleetState>(*value) : fail(Fault::absent, "none");
    if (fleet && fleet->said_at) {
        fmt::print("fleet {}: {} granted, {} refused, {} not answered; it said at {}: {}\n",
                   plain(fleet->name), fleet->granted_count, fleet->full_count,
                   fleet->unreachable_count, to_timestamp(*fleet->said_at), plain(fleet->says));
    }
}

/// Nothing while no rollout is under way and none is paused.
void print_rollout(const json::object& status) {
    const json::value* value = status.if_contains("rollout");
    const Result<RolloutFacts> rollout =
        value != nullptr ? from_json<RolloutFacts>(*value) : fail(Fault::absent, "none");
    const std::string version = plain(text_in(status, "version_current"));
    if (rollout && rollout->is_paused_by_us()) {
        fmt::print("rollout of {}: PAUSED by us ({}); let it go on: {}\n", version,
                   plain(rollout->paused_by.text()), plain(rollout->resume_words));
    } else if (rollout && rollout->is_paused) {
        fmt::print(
            "rollout of {}: PAUSED by somebody else, so that neither version nor number is "
            "touched; let it go on: {}\n",
            version, plain(rollout->resume_words));
    } else if (rollout && rollout->is_under_way) {
        fmt::print("rollout of {}: under way\n", version);
    }
}

void print_incident(const json::value& value, const std::string& to) {
    const json::object& incident = value.as_object();
    const std::string id = text_in(incident, "incident");
    const std::string node = text_in(incident, "node");
    const std::string trouble = text_in(incident, "trouble");
    const bool is_persons = node == "stand_by";
    fmt::print("incident {}: at {}{}{}\n", id, node, is_persons ? ", a person is needed" : "",
               trouble.empty() ? "" : ": " + trouble);
    if (is_persons) {
        fmt::print("    homeostat explain {}{}\n", id, to);
    }
    print_question(id, value, to);
}

void print_troubles(const json::object& status) {
    const json::value* troubles = status.if_contains("source_troubles");
    if (troubles == nullptr || !troubles->is_object()) {
        return;
    }
    for (const auto& member : troubles->get_object()) {
        fmt::print("source {} does not answer: {}\n", plain(member.key()),
                   member.value().is_string() ? plain(member.value().get_string()) : "");
    }
}

void print_status(const json::object& status, const std::string& to) {
    const std::string suspended = " — SUSPENDED, no effect begins: ";
    fmt::print("{}: {}{}\n", text_in(status, "service"),
               flag_in(status, "is_ready") ? "guarded" : "guarded, not ready yet",
               flag_in(status, "is_suspended")
                   ? suspended + plain(text_in(status, "suspended_because"))
                   : "");
    print_maintenance(status);
    print_instances(status);
    print_rollout(status);
    print_agents(status);
    print_checks(status);
    const std::string oracle = text_in(status, "oracle");
    fmt::print("oracle: {}\n", oracle == "none" ? "no model, the rules rank alone" : oracle);
    for (const json::value& value : list_in(status, "symptoms")) {
        const json::object& symptom = value.as_object();
        const json::value* subject = symptom.if_contains("subject");
        fmt::print("symptom: {} on {}\n", text_in(symptom, "symptom"),
                   subject != nullptr && subject->is_object()
                       ? text_in(subject->get_object(), "name")
                       : std::string("?"));
    }
    for (const json::value& value : list_in(status, "incidents")) {
        print_incident(value, to);
    }
    print_undoable(status, to);
    print_demotions(status, to);
    print_changes(status);
    if (const std::string missing = text_in(status, "unwitnessed"); !missing.empty()) {
        fmt::print("nothing new is begun on its own judgement: {}\n", plain(missing));
    }
    if (const std::string trouble = text_in(status, "ledger_trouble"); !trouble.empty()) {
        fmt::print(
            "ledger: nothing can be recorded, so only processes that have ended are started: {}\n",
            trouble);
    }
    print_sinks(status);
    print_fleet(status);
    print_troubles(status);
}

/// What a person has to know of a switch that the agent did not confirm.
std::string_view unconfirmed_by(const Error& error) {
    return error.fault == Fault::late
               ? " (the agent is slow to answer: it obeys before its next effect, and may record "
                 "this later)"
               : " (no agent answers; it will see this when it starts)";
}

void print_switch(bool is_engaged, const Result<json::value>& answer, bool is_json) {
    if (!is_json) {
        fmt::print("{}{}\n", is_engaged ? "suspended: no effect begins from now on" : "resumed",
                   answer ? "" : unconfirmed_by(answer.error()));
        return;
    }
    json::object document;
    document["is_suspended"] = is_engaged;
    document["is_recorded"] = answer.has_value();
    document["is_agent_slow"] = !answer && answer.error().fault == Fault::late;
    fmt::print("{}", to_pretty_text(document));
}

ExitStatus flip(const SwitchOptions& options, bool engage) {
    const ConfigReport report = load_config(options.common.config);
    if (!report.config) {
        complain(describe(report));
        return ExitStatus::usage;
    }
    json::object body;
    body["because"] = json::value(options.because);
    const Result<json::value> answer =
        ask_agent(report.config->control_socket, "POST", engage ? "/v1/suspend" : "/v1/resume",
                  to_text(json::value(body)));
    if (!answer && answer.error().fault == Fault::refused) {
        complain(answer.error().text);
        return ExitStatus::unexpected;
    }
    if (!answer) {
        // The switch has to work when the agent does not: it finds the file when it comes back, or
        // when it looks before its next effect.
        adapters::system::SwitchFile file(report.config->switch_file);
        const Result<void> flipped = engage ? file.engage() : file.release();
        if (!flipped) {
            complain(flipped.error().text);
            return ExitStatus::unexpected;
        }
    }
    print_switch(engage, answer, options.common.is_json);
    return ExitStatus::ok;
}

/// What this configuration declares, with what was proven beside its ledger.
std::vector<TaskView> task_views_of(const CommonOptions& options) {
    const ConfigReport report = load_config(options.config);
    return report.config ? task_views(*report.config) : std::vector<TaskView>();
}

}  // namespace

ExitStatus show_status(const CommonOptions& options) {
    const std::expected<json::value, ExitStatus> status = ask_for(options, "/v1/status");
    if (!status) {
        return status.error();
    }
    if (!status->is_object()) {
        return ExitStatus::ok;
    }
    const std::vector<TaskView> tasks = task_views_of(options);
    if (!options.is_json) {
        print_status(status->get_object(), option_for(options.config));
        fmt::print("{}", lines_of_lacking(tasks));
        return ExitStatus::ok;
    }
    json::object document = status->get_object();
    if (!tasks.empty()) {
        document["tasks"] = to_json(tasks);
    }
    fmt::print("{}", to_pretty_text(document));
    return ExitStatus::ok;
}

ExitStatus show_waiting(const CommonOptions& options) {
    const std::expected<json::value, ExitStatus> status = ask_for(options, "/v1/status");
    if (!status) {
        return status.error();
    }
    const json::array waiting =
        status->is_object() ? waiting_in(status->get_object()) : json::array();
    if (options.is_json) {
        json::object document;
        document["waiting"] = waiting;
        fmt::print("{}", to_pretty_text(document));
        return ExitStatus::ok;
    }
    for (const json::value& incident : waiting) {
        const std::string id = text_in(incident.get_object(), "incident");
        fmt::print("incident {}\n", id);
        print_question(id, incident, option_for(options.config));
    }
    if (waiting.empty()) {
        fmt::print("nothing waits for a person\n");
    }
    return ExitStatus::ok;
}

ExitStatus suspend(const SwitchOptions& options) {
    return flip(options, true);
}

ExitStatus resume(const SwitchOptions& options) {
    return flip(options, false);
}

}  // namespace homeostat::app
