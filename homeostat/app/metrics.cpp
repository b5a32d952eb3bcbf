#include "homeostat/app/metrics.hpp"

#include "homeostat/app/version.hpp"
#include "homeostat/base/named_enum.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace homeostat::app {

namespace {

void add_ledger(PrometheusPage& page, const LedgerFigures& ledger) {
    page.begin("homeostat_incidents_total", "counter", "Incidents that began.");
    page.add(static_cast<double>(ledger.incidents));
    page.begin("homeostat_escalations_total", "counter", "Incidents handed to a person.");
    page.add(static_cast<double>(ledger.escalations));
    page.begin("homeostat_remedies_total", "counter",
               "Remedies that were verified, by what the proof says became of them.");
    for (const auto& [what, count] : ledger.remedies) {
        page.add(static_cast<double>(count), {{"remedy", std::string(to_text(what.first))},
                                              {"outcome", std::string(to_text(what.second))}});
    }
    page.begin("homeostat_refusals_total", "counter",
               "Refusals by guard, by the rule that decided.");
    for (const auto& [rule, count] : ledger.refusals) {
        page.add(static_cast<double>(count), {{"rule", rule}});
    }
    page.begin("homeostat_questions_total", "counter",
               "Questions to people that are over, by what they came to.");
    for (const auto& [what, count] : ledger.questions) {
        page.add(static_cast<double>(count), {{"remedy", std::string(to_text(what.first))},
                                              {"answer", std::string(what.second)}});
    }
    page.begin("homeostat_answer_seconds", "histogram", "From a question to a person's yes or no.");
    for (const auto& [remedy, answers] : ledger.answers) {
        page.add(answers, {{"remedy", std::string(to_text(remedy))}});
    }
    page.begin("homeostat_decision_seconds", "histogram",
               "From noticing a symptom to the choice of a remedy.");
    page.add(ledger.decisions);
    page.begin("homeostat_model_seconds", "histogram", "Time the model took for a ranking.");
    page.add(ledger.models);
    page.begin("homeostat_ledger_records_total", "counter", "Records in the ledger.");
    page.add(static_cast<double>(ledger.records));
}

void add_mesh(PrometheusPage& page, const MeshFigures& mesh) {
    constexpr double permille = 1'000;
    page.begin("homeostat_pledges_in_force", "gauge",
               "Promises of reduced modes, given (caller) and counted on (callee).");
    for (const std::string_view role : {"caller", "callee"}) {
        const auto in_force = std::ranges::count_if(mesh.pledges, [&](const auto& view) {
            return view.role == role && !view.mode.empty();
        });
        page.add(static_cast<double>(in_force), {{"role", std::string(role)}});
    }
    page.begin("homeostat_calls_held_back_ratio", "gauge",
               "Share of the calls to a neighbour that the edge answers with its fallback.");
    for (const heal::PledgeView& view : mesh.pledges) {
        if (view.role == "caller") {
            page.add(view.permille / permille, {{"neighbour", view.neighbour}});
        }
    }
    page.begin("homeostat_messages_discarded_total", "counter",
               "Messages of neighbours, or of strangers, that were thrown away.");
    for (const auto& [why, count] : mesh.discarded) {
        page.add(static_cast<double>(count), {{"why", why}});
    }
}

void add_immune(PrometheusPage& page, const heal::ImmuneView& immune) {
    page.begin("homeostat_sources_marked", "gauge", "Sources of requests with a mark at the edge.");
    for (const auto& [mark, count] : immune.sources) {
        page.add(static_cast<double>(count), {{"mark", mark}});
    }
    page.begin("homeostat_marked_requests_total", "counter",
               "Requests from such sources, as the edge counts them.");
    for (const auto& [mark, count] : immune.requests) {
        page.add(static_cast<double>(count), {{"mark", mark}});
    }
    page.begin("homeostat_denials_taken_back_total", "counter",
               "Times that too many requests were denied, and sources were only watched again.");
    page.add(static_cast<double>(immune.taken_back));
    page.begin("homeostat_feed_answering", "gauge", "1 while the list of sources answers.");
    for (const heal::FeedView& feed : immune.feeds) {
        page.add(feed.is_answering ? 1 : 0, {{"feed", feed.feed}});
    }
    page.begin("homeostat_listings_refused_total", "counter",
               "Listings that were not taken in, by the bound that they are outside of.");
    for (const heal::FeedView& feed : immune.feeds) {
        for (const auto& [why, count] : feed.refused) {
            page.add(static_cast<double>(count), {{"feed", feed.feed}, {"why", why}});
        }
    }
}

void add_sinks(PrometheusPage& page, const std::vector<SinkState>& sinks) {
    page.begin("homeostat_sink_following", "gauge",
               "1 while the sink has all there is, or is sent what it lacks.");
    for (const SinkState& sink : sinks) {
        page.add(sink.standing == SinkStanding::following ? 1 : 0, {{"sink", sink.name}});
    }
    page.begin("homeostat_sink_lag_groups", "gauge", "Groups of records that the sink lacks.");
    for (const SinkState& sink : sinks) {
        if (sink.lag_groups) {
            page.add(static_cast<double>(*sink.lag_groups), {{"sink", sink.name}});
        }
    }
    page.begin("homeostat_sink_lag_seconds", "gauge", "Age of the oldest of these.");
    for (const SinkState& sink : sinks) {
        if (sink.lag_seconds) {
            page.add(static_cast<double>(*sink.lag_seconds), {{"sink", sink.name}});
        }
    }
}

void add_fleet(PrometheusPage& page, const FleetState& fleet) {
    page.begin("homeostat_fleet_answers_total", "counter",
               "Answers of the fleet's budget to questions for a place, since this start.");
    page.add(static_cast<double>(fleet.granted_count), {{"says", "granted"}});
    page.add(static_cast<double>(fleet.full_count), {{"says", "full"}});
    page.add(static_cast<double>(fleet.unreachable_count), {{"says", "unreachable"}});
}

void add_shown(PrometheusPage& page, const ShownFigures& shown) {
    page.begin("homeostat_incident_objects_unwritten", "gauge",
               "Incident objects of the cluster that are not as the ledger has them.");
    page.add(static_cast<double>(shown.unwritten));
    page.begin("homeostat_incident_writes_failed_total", "counter",
               "Requests to write or clear them that failed, since this start.");
    page.add(static_cast<double>(shown.failures));
}

void add_process(PrometheusPage& page, const os::ProcessStat& process) {
    page.begin("process_resident_memory_bytes", "gauge", "Memory of the agent, resident.");
    page.add(static_cast<double>(process.resident_pages * os::page_bytes()));
    page.begin("process_cpu_seconds_total", "counter",
               "Processor time of the agent, user and kernel.");
    page.add(static_cast<double>(process.cpu_ticks) / static_cast<double>(os::ticks_per_second()));
}

}  // namespace

std::string metrics_page(const AgentFigures& now, const LedgerFigures& ledger) {
    PrometheusPage page;
    page.begin("homeostat_build_info", "gauge", "1, with the version of the program.");
    page.add(1, {{"version", std::string(program_version)}});
    page.begin("homeostat_incidents_open", "gauge", "Incidents that are open now.");
    page.add(static_cast<double>(now.incidents_open));
    page.begin("homeostat_questions_open", "gauge", "Incidents that wait for a person's answer.");
    page.add(static_cast<double>(now.questions_open));
    page.begin("homeostat_symptoms_present", "gauge", "Symptoms that are seen now.");
    page.add(static_cast<double>(now.symptoms));
    page.begin("homeostat_sources_silent", "gauge", "Sources that did not answer when last read.");
    page.add(static_cast<double>(now.sources_silent));
    page.begin("homeostat_suspended", "gauge", "1 while the kill switch is engaged.");
    page.add(now.is_suspended ? 1 : 0);
    if (now.is_maintenance) {
        page.begin("homeostat_maintenance", "gauge",
                   "1 while a maintenance window suspends it, by guard.maintenance.");
        page.add(*now.is_maintenance ? 1 : 0);
    }
    page.begin("homeostat_ledger_writable", "gauge",
               "0 while nothing can be recorded: only processes that have ended are started then.");
    page.add(now.is_ledger_writable ? 1 : 0);
    page.begin("homeostat_unwitnessed", "gauge",
               "1 while no sink, or no witness, has taken records for so long that nothing new is "
               "begun: only processes that have ended are started then.");
    page.add(now.is_unwitnessed ? 1 : 0);
    add_ledger(page, ledger);
    if (now.mesh) {
        add_mesh(page, *now.mesh);
    }
    if (now.immune) {
        add_immune(page, *now.immune);
    }
    if (!now.sinks.empty()) {
        add_sinks(page, now.sinks);
    }
    if (now.fleet) {
        add_fleet(page, *now.fleet);
    }
    if (now.shown) {
        add_shown(page, *now.shown);
    }
    if (now.process) {
        add_process(page, *now.process);
    }
    return page.text();
}

}  // namespace homeostat::app
