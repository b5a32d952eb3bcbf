// The questions to a ledger's index. How it is filled stands in ledger_index.cpp.

#include "homeostat/adapters/ledger_index/ledger_index.hpp"

#include <limits>
#include <utility>

namespace homeostat::adapters::ledger_index {

namespace {

/// The incidents that a filter names: in front of a query about them. Five values.
constexpr std::string_view chosen =
    "WITH chosen AS MATERIALIZED (SELECT * FROM incidents WHERE opened_ms >= ?1 AND opened_ms < ?2 "
    "AND (?3 = '' OR service = ?3) AND (?4 = '' OR symptom = ?4) AND (?5 = '' OR state = ?5)) ";

std::int64_t ms_of(const std::optional<WallTime>& at, std::int64_t otherwise) {
    return at ? at->time_since_epoch().count() : otherwise;
}

std::uint64_t count_at(const Statement& row, int column) {
    return static_cast<std::uint64_t>(row.number_at(column));
}

SymptomFigures& figures_of(std::vector<SymptomFigures>& all, const std::string& symptom) {
    for (SymptomFigures& each : all) {
        if (each.symptom == symptom) {
            return each;
        }
    }
    return all.emplace_back(SymptomFigures{.symptom = symptom});
}

}  // namespace

/// Hands every row to `visit`, which gives false at one that cannot be right.
template <class Visit>
Result<void> LedgerIndex::ask(const std::string& sql,
                              const IncidentFilter& filter,
                              const Visit& visit) {
    Result<Statement> query = database_.prepare(std::string(chosen) + sql);
    if (!query) {
        return std::unexpected(query.error());
    }
    query->with(ms_of(filter.since, std::numeric_limits<std::int64_t>::min()))
        .with(ms_of(filter.until, std::numeric_limits<std::int64_t>::max()))
        .with(std::string_view(filter.service))
        .with(std::string_view(filter.symptom))
        .with(std::string_view(filter.state));
    for (;;) {  // Bounded by the rows there are.
        const Result<bool> row = query->step();
        if (!row || !*row) {
            return row ? Result<void>{} : std::unexpected(row.error());
        }
        if (!visit(*query)) {
            return fail(Fault::corrupt, "the index holds what it was not given");
        }
    }
}

Result<std::vector<IncidentSummary>> LedgerIndex::incidents(const IncidentFilter& filter) {
    std::vector<IncidentSummary> found;
    const Result<void> asked =
        ask("SELECT summary FROM chosen ORDER BY number", filter, [&](const Statement& row) {
            Result<IncidentSummary> summary = parse_summary(row.text_at(0));
            if (summary) {
                found.push_back(std::move(*summary));
            }
            return summary.has_value();
        });
    return asked ? Result<std::vector<IncidentSummary>>(std::move(found))
                 : std::unexpected(asked.error());
}

Result<void> LedgerIndex::add_symptoms(Statistics& all, const IncidentFilter& filter) {
    const Result<void> counted =
        ask("SELECT symptom, COUNT(*), SUM(state = 'healed'), SUM(state = 'passed'), SUM(state = "
            "'escalated'), SUM(state = 'open') FROM chosen GROUP BY symptom ORDER BY 2 DESC, 1",
            filter, [&](const Statement& row) {
                all.symptoms.push_back({row.text_at(0), count_at(row, 1), count_at(row, 2),
                                        count_at(row, 3), count_at(row, 4), count_at(row, 5)});
                return true;
            });
    if (!counted) {
        return counted;
    }
    // Of an even number of spans the shorter of the two in the middle: one that was measured.
    return ask(
        "SELECT symptom, closed_after_ms FROM (SELECT symptom, closed_after_ms, ROW_NUMBER() OVER "
        "(PARTITION BY symptom ORDER BY closed_after_ms) AS place, COUNT(*) OVER (PARTITION BY "
        "symptom) AS count FROM chosen WHERE closed_after_ms IS NOT NULL) "
        "WHERE place = (count + 1) / 2",
        filter, [&](const Statement& row) {
            figures_of(all.symptoms, row.text_at(0)).closed_after_ms_median = row.number_at(1);
            return true;
        });
}

Result<Statistics> LedgerIndex::statistics(const IncidentFilter& filter) {
    Statistics all;
    const Result<void> symptoms = add_symptoms(all, filter);
    if (!symptoms) {
        return std::unexpected(symptoms.error());
    }
    const Result<void> remedies = ask(
        ", tried AS (SELECT remedy, COUNT(DISTINCT incident) AS incidents, COUNT(*) AS effects "
        "FROM effects JOIN chosen USING(incident) GROUP BY remedy), proven AS (SELECT remedy, "
        "SUM(proof = 'helped') AS helped, SUM(proof = 'not_helped') AS not_helped FROM proofs JOIN "
        "chosen USING(incident) GROUP BY remedy) SELECT remedy, incidents, effects, "
        "IFNULL(helped, 0), IFNULL(not_helped, 0) FROM tried LEFT JOIN proven USING(remedy) "
        "ORDER BY 2 DESC, 1",
        filter, [&](const Statement& row) {
            all.remedies.push_back({row.text_at(0), count_at(row, 1), count_at(row, 2),
                                    count_at(row, 3), count_at(row, 4)});
            return true;
        });
    if (!remedies) {
        return std::unexpected(remedies.error());
    }
    const Result<void> rules =
        ask("SELECT rule, COUNT(*) FROM decisions JOIN chosen USING(incident) WHERE kind = "
            "'verdict' AND answer <> 'permit' GROUP BY rule ORDER BY 2 DESC, 1",
            filter, [&](const Statement& row) {
                all.rules.push_back({row.text_at(0), count_at(row, 1)});
                return true;
            });
    return rules ? Result<Statistics>(std::move(all)) : std::unexpected(rules.error());
}

}  // namespace homeostat::adapters::ledger_index
