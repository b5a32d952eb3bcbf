#include "homeostat/sense/sense.hpp"

#include "homeostat/sense/gloss.hpp"
#include "homeostat/sense/log_template.hpp"
#include "homeostat/sense/trouble.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace homeostat::sense {

namespace {

std::uint64_t delta(std::uint64_t before, std::uint64_t now) {
    return now >= before ? now - before : now;
}

class Sensing {
  public:
    Sensing(State& state, Instant now) : state_(state), now_(now) {
        state_.first_at = state_.first_at.value_or(now);
    }

    void operator()(const ProbeReading& reading) {
        const bool is_good = reading.has_answered && reading.status >= 200 && reading.status < 300;
        add(SignalKind::is_answering, reading.observer, reading.subject, is_good ? 1 : 0,
            reading.at);
        if (reading.has_answered) {
            add(SignalKind::latency_ms, reading.observer, reading.subject, to_ms(reading.latency),
                reading.at);
        }
    }

    void operator()(const EdgeReading& reading) {
        add_edge(reading.subject, reading.counters, reading.at);
        for (const EdgeServerReading& server : reading.servers) {
            const Subject subject{SubjectKind::instance, server.instance.text()};
            add_edge(subject, server.counters, reading.at);
            if (server.rotation != Rotation::unknown) {
                add(SignalKind::is_in_rotation, Observer::edge, subject,
                    server.rotation == Rotation::in ? 1 : 0, reading.at);
            }
        }
    }

    void operator()(const ProcessReading& reading) {
        const Subject subject{SubjectKind::instance, reading.instance.text()};
        if (!reading.is_wanted) {
            add(SignalKind::is_wanted, Observer::process, subject, 0, reading.at);
            return;
        }
        add(SignalKind::is_alive, Observer::process, subject, reading.is_alive ? 1 : 0, reading.at);
        add_memory_limit(subject, reading);
        if (!reading.is_alive) {
            if (reading.exit_status) {
                add(SignalKind::has_ended_well, Observer::process, subject,
                    *reading.exit_status == 0 ? 1 : 0, reading.at);
            }
            return;
        }
        add(SignalKind::resident_bytes, Observer::process, subject,
            static_cast<double>(reading.resident_bytes), reading.at);
        add(SignalKind::uptime_seconds, Observer::process, subject,
            to_seconds(reading.at - reading.started_at), reading.at);
        add_cpu(subject, reading);
    }

    void operator()(const MetricsReading& reading) {
        std::size_t count = 0;
        for (const auto& [name, value] : reading.values) {
            if (!std::isfinite(value) || count >= state_.limits.metrics_max) {
                continue;
            }
            Signal signal =
                make(SignalKind::value, Observer::metrics,
                     {SubjectKind::instance, reading.instance.text()}, value, reading.at);
            signal.name = name.substr(0, 64);
            signals_.push_back(std::move(signal));
            ++count;
        }
    }

    void operator()(const LogReading& reading) {
        struct Count {
            double lines{0};
            LogLevel level{LogLevel::info};
            std::optional<Trouble> trouble;
            bool is_new{false};
        };
        std::map<TemplateId, Count> counts;
        const bool is_warm = now_ - *state_.first_at >= state_.limits.warm_up;
        const Lexicon& lexicon = state_.lexicon ? *state_.lexicon : shipped_lexicon();
        state_.templates.begin_reading();
        for (const std::string& line : reading.lines) {
            const LogShape shape = shape_of(line);
            const std::optional<Gloss> gloss = lexicon.gloss_of(shape);
            const SeenTemplate seen = state_.templates.see(
                {shape, gloss ? gloss->id : std::string_view(), now_}, state_.limits.templates);
            Count& count = counts[seen.id];
            count.lines += 1;
            count.level = std::max(count.level, shape.level);
            count.trouble = gloss && !count.trouble ? trouble_of(*gloss) : count.trouble;
            count.is_new = count.is_new || (seen.is_new && is_warm);
        }
        const Subject subject{SubjectKind::instance, reading.instance.text()};
        for (const auto& [id, count] : counts) {
            Signal signal =
                make(SignalKind::lines_count, Observer::logs, subject, count.lines, reading.at);
            signal.template_id = id;
            signal.level = count.level;
            signal.trouble = count.trouble;
            signals_.push_back(signal);
            if (count.is_new) {
                signal.kind = SignalKind::template_is_new;
                signal.value = 1;
                signals_.push_back(std::move(signal));
            }
        }
    }

    void operator()(const CacheReading& reading) {
        const Subject subject{SubjectKind::cache, reading.cache.text()};
        add(SignalKind::keys_count, reading.observer, subject, reading.keys_count, reading.at);
        add(SignalKind::stale_count, reading.observer, subject, reading.stale_count, reading.at);
    }

    void operator()(const CheckReading& reading) {
        add(SignalKind::is_well, Observer::check, {SubjectKind::task, reading.task.text()},
            reading.is_well ? 1 : 0, reading.at);
    }

    void operator()(const RolloutReading& reading) {
        add(SignalKind::old_count, Observer::process,
            {SubjectKind::service, reading.service.text()}, reading.old_count, reading.at);
    }

    void operator()(const ObstacleReading& reading) {
        const bool is_of_edge = reading.obstacle == Obstacle::sends_to_nobody;
        Signal signal =
            make(SignalKind::obstacle_count, is_of_edge ? Observer::edge : Observer::process,
                 reading.subject, reading.count, reading.at);
        signal.obstacle = reading.obstacle;
        signals_.push_back(std::move(signal));
    }

    void operator()(const ChangeReading&) {}  // Noted as it is.

    [[nodiscard]] std::vector<Signal> take() { return std::move(signals_); }

  private:
    static Signal make(
        SignalKind kind, Observer observer, const Subject& subject, double value, Instant at) {
        Signal signal;
        signal.kind = kind;
        signal.observer = observer;
        signal.subject = subject;
        signal.value = value;
        signal.at = at;
        return signal;
    }

    void add(SignalKind kind, Observer observer, const Subject& subject, double value, Instant at) {
        signals_.push_back(make(kind, observer, subject, value, at));
    }

    void add_queue(const Subject& subject, const EdgeCounters& counters, Instant at) {
        add(SignalKind::queue_length, Observer::edge, subject,
            static_cast<double>(counters.queue_length), at);
    }

    void add_edge(const Subject& subject, const EdgeCounters& counters, Instant at) {
        EdgeTotals totals{counters.requests_total,
                          counters.errors_total,
                          counters.retries_total,
                          {counters.requests_total, counters.latency_ms, at}};
        const auto known = state_.edge.find(subject);
        if (known == state_.edge.end()) {
            if (state_.edge.size() < state_.limits.subjects_max) {
                state_.edge.emplace(subject, totals);
            }
            add_queue(subject, counters, at);
            return;
        }
        totals.mean = known->second.mean;
        const std::optional<double> latency_ms =
            interval_ms(totals.mean, counters, state_.limits.edge_mean, at);
        const EdgeTotals before = std::exchange(known->second, totals);
        add(SignalKind::requests_count, Observer::edge, subject,
            static_cast<double>(delta(before.requests_total, totals.requests_total)), at);
        add(SignalKind::errors_count, Observer::edge, subject,
            static_cast<double>(delta(before.errors_total, totals.errors_total)), at);
        add(SignalKind::retries_count, Observer::edge, subject,
            static_cast<double>(delta(before.retries_total, totals.retries_total)), at);
        add_queue(subject, counters, at);
        if (latency_ms) {
            add(SignalKind::latency_ms, Observer::edge, subject, *latency_ms, at);
        }
    }

    void add_memory_limit(const Subject& subject, const ProcessReading& reading) {
        if (reading.memory_limit_bytes) {
            add(SignalKind::memory_limit_bytes, Observer::process, subject,
                static_cast<double>(*reading.memory_limit_bytes), reading.at);
        }
        if (reading.memory_killed_at) {
            add(SignalKind::memory_killed_seconds, Observer::process, subject,
                to_seconds(reading.at - *reading.memory_killed_at), reading.at);
        }
    }

    void add_cpu(const Subject& subject, const ProcessReading& reading) {
        const ProcessTotals totals{reading.identity, reading.cpu_total, reading.at};
        const auto known = state_.processes.find(reading.instance);
        if (known == state_.processes.end()) {
            if (state_.processes.size() < state_.limits.subjects_max) {
                state_.processes.emplace(reading.instance, totals);
            }
            return;
        }
        const ProcessTotals before = std::exchange(known->second, totals);
        if (before.identity == totals.identity && totals.at > before.at) {
            const double ratio =
                to_seconds(totals.cpu_total - before.cpu_total) / to_seconds(totals.at - before.at);
            add(SignalKind::cpu_ratio, Observer::process, subject, ratio, reading.at);
        }
    }

    State& state_;
    Instant now_;
    std::vector<Signal> signals_;
};

}  // namespace

std::vector<Signal> signals_of(State& state, std::span<const Reading> readings, Instant now) {
    Sensing sensing(state, now);
    for (const Reading& reading : readings) {
        std::visit(sensing, reading);
    }
    return sensing.take();
}

}  // namespace homeostat::sense
