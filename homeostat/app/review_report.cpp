#include "homeostat/app/review_report.hpp"

#include "homeostat/app/export_format.hpp"
#include "homeostat/app/question_report.hpp"
#include "homeostat/app/story.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/timestamp.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace homeostat::app {

namespace {

using review::Evidence;
using review::KindReview;
using review::OutageRow;
using review::Reference;

std::string seconds_text(Duration span) {
    return fmt::format("{:.1f} s", to_seconds(span));
}

std::string seconds_text(const std::optional<Duration>& span) {
    return span ? seconds_text(*span) : std::string("—");
}

std::string percent(std::uint32_t part, std::uint32_t whole) {
    return fmt::format("{:.0f} %", 100.0 * part / whole);
}

// --- autonomy ------------------------------------------------------------------------------------

bool has_evidence(const Evidence& evidence) {
    return evidence != Evidence{};
}

/// What is told in detail; of the others the table says all there is.
bool is_worth_telling(const KindReview& kind) {
    return has_evidence(kind.evidence) || kind.demotion || !kind.relapses.empty() || kind.promotion;
}

bool has_earned(const KindReview& kind) {
    return kind.next && kind.missing.empty();
}

std::string setting_of(const KindReview& kind) {
    return fmt::format("autonomy: {{ {}: {} }}", to_text(kind.remedy), to_text(*kind.next));
}

json::object to_document(const KindReview& kind) {
    const Evidence& evidence = kind.evidence;
    json::object document;
    document["remedy"] = json::value(std::string(to_text(kind.remedy)));
    document["configured"] = json::value(std::string(to_text(kind.configured)));
    document["now"] = json::value(std::string(to_text(kind.now)));
    if (kind.demotion) {
        document["demotion"] = to_json(*kind.demotion);
    }
    if (!kind.relapses.empty()) {
        document["relapses"] = to_json(kind.relapses);
    }
    if (kind.promotion) {
        json::object promotion = to_json(kind.promotion->body).as_object();
        promotion["at"] = json::value(to_timestamp(kind.promotion->at));
        document["promotion"] = std::move(promotion);
    }
    document["evidence"] = to_json(evidence);
    document["agreements"] = evidence.agreements();
    document["disagreements"] = evidence.disagreements();
    if (kind.next) {
        document["next"] = json::value(std::string(to_text(*kind.next)));
        document["missing"] = to_json(kind.missing);
    }
    if (has_earned(kind)) {
        document["setting"] = json::value(setting_of(kind));
    }
    return document;
}

std::string shadow_sentence(const Evidence& evidence) {
    const std::uint32_t seen = evidence.shadow_same + evidence.shadow_otherwise +
                               evidence.shadow_alone + evidence.shadow_undecided;
    if (seen == 0) {
        return {};
    }
    std::string text = fmt::format(
        "  watched {}: a person did the same in {}, something else in {}, {} went alone", seen,
        evidence.shadow_same, evidence.shadow_otherwise, evidence.shadow_alone);
    if (evidence.alone_after_median) {
        text += fmt::format(" (median after {})", seconds_text(*evidence.alone_after_median));
    }
    return text + fmt::format(", {} cannot be told\n", evidence.shadow_undecided);
}

std::string asked_sentence(const Evidence& evidence) {
    return evidence.asked == 0
               ? std::string()
               : fmt::format(
                     "  asked {}: {} yes, {} no, {} without an answer; of those done {} "
                     "helped and {} did not\n",
                     evidence.asked, evidence.approved, evidence.denied, evidence.silent,
                     evidence.approved_helped, evidence.approved_not_helped);
}

std::string acted_sentence(const Evidence& evidence) {
    std::string text;
    const std::uint32_t acted = evidence.acted_helped + evidence.acted_not_helped;
    if (acted > 0) {
        text += fmt::format("  acted {}: {} helped, {} did not\n", acted, evidence.acted_helped,
                            evidence.acted_not_helped);
    }
    if (evidence.unproven + evidence.undone + evidence.taken_back > 0) {
        text += fmt::format(
            "  {} begun without a proof, {} undone by us, {} incidents in which "
            "somebody else took it back\n",
            evidence.unproven, evidence.undone, evidence.taken_back);
    }
    if (evidence.reflexes > 0) {
        text += fmt::format("  {} by reflex, which no judgement went into\n", evidence.reflexes);
    }
    return text;
}

std::string standing_lines(const KindReview& kind, const Config& config) {
    std::string text;
    if (kind.demotion) {
        const std::string& because = kind.demotion->because;
        text += fmt::format("  DEMOTED to {}: it did not help in {}{}\n", to_text(kind.now),
                            plain(kind.demotion->incident.text()),
                            because.empty() ? "" : ": " + plain(because));
    }
    for (const Demotion& relapse : kind.relapses) {
        text += fmt::format("  ASKS: {}, as {} (homeostat autonomy promote {} --because WHY)\n",
                            plain(describe(relapse)), plain(why(relapse)), to_text(relapse.remedy));
    }
    if (kind.promotion) {
        text += fmt::format("  promoted by {}, {}: {}\n", plain(kind.promotion->body.by),
                            to_timestamp(kind.promotion->at), plain(kind.promotion->body.because));
    }
    for (const std::string& missing : kind.missing) {
        text += fmt::format("  for `{}` it lacks: {}\n", to_text(*kind.next), missing);
    }
    if (has_earned(kind)) {
        text += fmt::format("  it has what `{}` takes. Nothing raises it but you, in {}:\n    {}\n",
                            to_text(*kind.next), plain(config.file.string()), setting_of(kind));
    }
    return text;
}

std::string to_lines(const KindReview& kind, const Config& config) {
    const std::string level =
        kind.now == kind.configured
            ? std::string(to_text(kind.now))
            : fmt::format("{}, configured {}", to_text(kind.now), to_text(kind.configured));
    return fmt::format("{}: {}\n", to_text(kind.remedy), level) + shadow_sentence(kind.evidence) +
           asked_sentence(kind.evidence) + acted_sentence(kind.evidence) +
           standing_lines(kind, config) + "\n";
}

std::string row_of(const KindReview& kind) {
    const Evidence& evidence = kind.evidence;
    return fmt::format("{:<16} {:<10} {:<10} {:>6} {:>9} {:>6} {:>8} {:>10}  {}\n",
                       to_text(kind.remedy), to_text(kind.configured), to_text(kind.now),
                       evidence.agreements(), evidence.disagreements(),
                       evidence.approved_helped + evidence.acted_helped,
                       evidence.approved_not_helped + evidence.acted_not_helped, evidence.reflexes,
                       kind.demotion      ? "demoted"
                       : !kind.next       ? "acts"
                       : has_earned(kind) ? fmt::format("earned {}", to_text(*kind.next))
                                          : fmt::format("not yet {}", to_text(*kind.next)));
}

std::string ground_of(std::size_t incidents_count,
                      const std::optional<WallTime>& first_at,
                      bool is_shortened) {
    if (!first_at) {
        return "the ledger is empty";
    }
    return fmt::format("{} closed incident{} since {}{}", incidents_count,
                       incidents_count == 1 ? "" : "s", to_timestamp(*first_at),
                       is_shortened ? ", where the ledger begins" : "");
}

// --- report --------------------------------------------------------------------------------------

std::string row_of(std::string_view service, std::string_view remedy, const OutageRow& row) {
    const std::string without =
        row.compared_count == 0 ? std::string("—")
                                : fmt::format("{} / {} ({})", seconds_text(row.compared_outage),
                                              seconds_text(row.counterfactual), row.compared_count);
    return fmt::format(
        "{:<14} {:<16} {:>9} {:>6} {:>6} {:>6} {:>10} {:>9} {:>24} {:>7} {:>5}/{}/{}/{} "
        "{:>4}/{}/{} {:>6}\n",
        service, remedy, row.incidents_count, row.healed_count, row.passed_count,
        row.by_person_count, seconds_text(row.outage), seconds_text(row.outage_median), without,
        row.pages_avoided_count, row.asked_count, row.approved_count, row.denied_count,
        row.silent_count, row.acts_count, row.failed_count, row.undone_count, row.spared_count);
}

std::string span_of(const OutageReport& report) {
    const std::string from = report.since      ? to_timestamp(*report.since)
                             : report.first_at ? to_timestamp(*report.first_at)
                                               : std::string("the beginning");
    return "from " + from + " until " + (report.until ? to_timestamp(*report.until) : "now");
}

std::string reference_line(const Reference& reference) {
    return reference.median
               ? fmt::format("  {}: {} (n = {})\n", to_text(reference.symptom),
                             seconds_text(*reference.median), reference.incidents_count)
               : fmt::format("  {}: no counterfactual, there are {} and it takes {}\n",
                             to_text(reference.symptom), reference.incidents_count,
                             review::references_min);
}

constexpr std::string_view how_outage =
    "from the first signal of the symptom to the proof that something of ours helped, else to the "
    "close of the incident";
constexpr std::string_view how_counterfactual =
    "for an incident that something of ours healed: the median outage of those with the same "
    "symptom that nothing of ours healed (only watched, waiting for a person, or what was done did "
    "not help), over all that the ledger holds";
constexpr std::string_view how_needless =
    "no record tells of an act that it was needless, as guard acts on what it sees itself; how "
    "often a symptom that was only watched went alone is the nearest there is";
constexpr std::string_view how_spent =
    "CPU time and resident memory of the agent's process, and of the model's server if it has "
    "started one, as the file LEDGER.usage has them by the hour; a model's server that runs by "
    "itself, commands of tasks and what ships the ledger are not in it";

std::string mebibytes(std::uint64_t bytes) {
    return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
}

std::string usage_lines(const UsageSum& usage) {
    if (usage.measured_for <= Duration{}) {
        return "Spent: not known of these days; the agent writes it down beside the ledger, an "
               "hour at a time.\n";
    }
    std::string text = fmt::format(
        "Spent by the agent: {:.1f} s of CPU in {:.1f} h ({:.3f} % of a core), resident {} in the "
        "median of {} records, {} at most{}.\n",
        to_seconds(usage.cpu), to_seconds(usage.measured_for) / 3600,
        usage.core_ratio(usage.cpu) * 100, mebibytes(usage.resident_bytes_median),
        usage.records_count, mebibytes(usage.resident_bytes_most),
        usage.services_count_most > 1
            ? fmt::format(", by one process for {} services", usage.services_count_most)
            : "");
    if (usage.model_cpu) {
        text += fmt::format(
            "Spent by its model's server: {:.1f} s of CPU ({:.3f} % of a core), resident {} at "
            "most.\n",
            to_seconds(*usage.model_cpu), usage.core_ratio(*usage.model_cpu) * 100,
            mebibytes(usage.model_resident_bytes_most.value_or(0)));
    }
    return text + fmt::format("That is: {}.\n", how_spent);
}

json::value usage_document(const UsageSum& usage) {
    if (usage.measured_for <= Duration{}) {
        return nullptr;
    }
    json::object document;
    document["records_count"] = static_cast<std::uint64_t>(usage.records_count);
    if (usage.first_at) {
        document["first_at"] = json::value(to_timestamp(*usage.first_at));
    }
    document["services_count"] = std::uint64_t{usage.services_count_most};
    document["measured_for_s"] = to_seconds(usage.measured_for);
    document["cpu_s"] = to_seconds(usage.cpu);
    document["core_ratio"] = usage.core_ratio(usage.cpu);
    document["resident_bytes_median"] = usage.resident_bytes_median;
    document["resident_bytes_most"] = usage.resident_bytes_most;
    if (usage.model_cpu) {
        json::object model;
        model["cpu_s"] = to_seconds(*usage.model_cpu);
        model["core_ratio"] = usage.core_ratio(*usage.model_cpu);
        model["resident_bytes_most"] = usage.model_resident_bytes_most.value_or(0);
        document["model"] = std::move(model);
    }
    return document;
}

std::string counterfactual_lines(const OutageReport& report) {
    std::string text = fmt::format("Counterfactual: {}.\n", how_counterfactual);
    for (const Reference& reference : report.outages.references) {
        text += reference_line(reference);
    }
    const OutageRow& total = report.outages.total;
    if (total.compared_count > 0) {
        text += fmt::format(
            "In the {} of {} healed incidents that have one users had it for {}, "
            "and would have had it for {}.\n",
            total.compared_count, total.healed_count, seconds_text(total.compared_outage),
            seconds_text(total.counterfactual));
    } else {
        text += "No healed incident has one, so nothing is said of what was saved.\n";
    }
    return text;
}

std::string needless_lines(const OutageReport& report) {
    const review::Outages& outages = report.outages;
    std::string text = fmt::format("Needless acts: {}", how_needless);
    if (outages.shadow_count > 0) {
        text += fmt::format(": {} of {} ({})", outages.alone_count, outages.shadow_count,
                            percent(outages.alone_count, outages.shadow_count));
    }
    return text + ".\n";
}

/// Milliseconds are as exact as a ledger is.
std::string csv_seconds(Duration span) {
    return fmt::format("{:.3f}", to_seconds(span));
}

}  // namespace

AutonomyReport autonomy_report(const Config& config, const review::Past& past) {
    AutonomyReport report{.config = config};
    report.incidents_count = past.closed.size();
    report.first_at = past.first_at;
    report.is_shortened = past.is_shortened;
    for (const auto& [kind, level] : config.guard.autonomy) {
        report.kinds.push_back(review::review_of(kind, config.guard.autonomy_in_effect(kind),
                                                 config.guard.demotes, past, report.thresholds));
    }
    return report;
}

json::object to_document(const AutonomyReport& report) {
    json::object thresholds;
    thresholds["agreements_min"] = report.thresholds.agreements_min;
    thresholds["agreement_ratio_min"] = report.thresholds.agreement_ratio_min;
    thresholds["verified_min"] = report.thresholds.verified_min;
    json::array kinds;
    for (const KindReview& kind : report.kinds) {
        kinds.emplace_back(to_document(kind));
    }
    json::object document;
    document["service"] = json::value(report.config.service.text());
    document["incidents_count"] = static_cast<std::uint64_t>(report.incidents_count);
    if (report.first_at) {
        document["first_at"] = json::value(to_timestamp(*report.first_at));
    }
    document["is_shortened"] = report.is_shortened;
    document["demotes"] = report.config.guard.demotes;
    document["thresholds"] = std::move(thresholds);
    document["remedies"] = std::move(kinds);
    return document;
}

std::string to_lines(const AutonomyReport& report) {
    std::string text = fmt::format(
        "{}: {}\n\n{:<16} {:<10} {:<10} {:>6} {:>9} {:>6} {:>8} {:>10}  {}\n",
        report.config.service.text(),
        ground_of(report.incidents_count, report.first_at, report.is_shortened), "REMEDY",
        "CONFIGURED", "NOW", "AGREED", "DISAGREED", "HELPED", "NOT HELP", "BY REFLEX", "STANDING");
    std::string details;
    for (const KindReview& kind : report.kinds) {
        text += row_of(kind);
        details += is_worth_telling(kind) ? to_lines(kind, report.config) : "";
    }
    text += "\n" + details;
    return text +
           fmt::format(
               "`ask` takes {} agreements and {:.0f} % of what can be told; `act` takes "
               "these, {} successes with leave and proof, and no harm.\n",
               report.thresholds.agreements_min, report.thresholds.agreement_ratio_min * 100,
               report.thresholds.verified_min) +
           (report.config.guard.demotes
                ? ""
                : "guard.demote is off: what does not help goes on acting alone.\n");
}

json::object to_document(const OutageReport& report) {
    json::object how;
    how["outage"] = json::value(std::string(how_outage));
    how["counterfactual"] = json::value(std::string(how_counterfactual));
    how["needless"] = json::value(std::string(how_needless));
    how["spent"] = json::value(std::string(how_spent));
    json::object total = to_json(report.outages.total).as_object();
    total.erase("service");
    total.erase("remedy");
    json::object document;
    if (report.since) {
        document["since"] = json::value(to_timestamp(*report.since));
    }
    if (report.until) {
        document["until"] = json::value(to_timestamp(*report.until));
    }
    if (report.first_at) {
        document["first_at"] = json::value(to_timestamp(*report.first_at));
    }
    document["is_shortened"] = report.is_shortened;
    document["rows"] = to_json(report.outages.rows);
    document["total"] = std::move(total);
    document["references"] = to_json(report.outages.references);
    document["references_min"] = review::references_min;
    document["alone_count"] = report.outages.alone_count;
    document["shadow_count"] = report.outages.shadow_count;
    document["open_count"] = report.outages.open_count;
    document["own_usage"] = usage_document(report.own_usage);
    add_to(document, report.questions);
    document["how"] = std::move(how);
    return document;
}

std::string to_lines(const OutageReport& report) {
    const review::Outages& outages = report.outages;
    std::string text = fmt::format(
        "{}: {} closed incident{}, {} open and not counted{}\n", span_of(report),
        outages.total.incidents_count, outages.total.incidents_count == 1 ? "" : "s",
        outages.open_count, report.is_shortened ? "; older records were dropped by age" : "");
    if (outages.rows.empty()) {
        return text + "nothing to report\n" + to_lines(report.questions) + "\n" +
               usage_lines(report.own_usage);
    }
    text += fmt::format(
        "\n{:<14} {:<16} {:>9} {:>6} {:>6} {:>6} {:>10} {:>9} {:>24} {:>7} {:>11} "
        "{:>8} {:>6}\n",
        "SERVICE", "REMEDY", "INCIDENTS", "HEALED", "PASSED", "PERSON", "OUTAGE", "MEDIAN",
        "WITH / WITHOUT US (N)", "UNPAGED", "ASKED/Y/N/–", "ACTS/F/U", "SPARED");
    for (const OutageRow& row : outages.rows) {
        text += row_of(plain(row.service.text()), to_text(row.remedy), row);
    }
    text += row_of("all", "", outages.total);
    text += to_lines(report.questions) + fmt::format("\nOutage: {}.\n", how_outage);
    text += counterfactual_lines(report) + needless_lines(report);
    return text + usage_lines(report.own_usage);
}

std::string to_csv(const OutageReport& report) {
    std::string text =
        "service,remedy,incidents,healed,passed,by_person,outage_s,outage_median_s,compared,"
        "compared_outage_s,counterfactual_s,pages_avoided,asked,approved,denied,silent,acts,"
        "failed,undone,spared\r\n";
    for (const OutageRow& row : report.outages.rows) {
        const bool is_compared = row.compared_count > 0;
        text += fmt::format(
            "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\r\n",
            csv_field(for_people(plain(row.service.text()))), to_text(row.remedy),
            row.incidents_count, row.healed_count, row.passed_count, row.by_person_count,
            csv_seconds(row.outage), row.outage_median ? csv_seconds(*row.outage_median) : "",
            row.compared_count, is_compared ? csv_seconds(row.compared_outage) : "",
            is_compared ? csv_seconds(row.counterfactual) : "", row.pages_avoided_count,
            row.asked_count, row.approved_count, row.denied_count, row.silent_count, row.acts_count,
            row.failed_count, row.undone_count, row.spared_count);
    }
    return text;
}

}  // namespace homeostat::app
