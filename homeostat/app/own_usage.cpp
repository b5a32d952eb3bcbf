#include "homeostat/app/own_usage.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::app {

namespace {

std::uint64_t median_of(std::vector<std::uint64_t> values) {
    if (values.empty()) {
        return 0;
    }
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

}  // namespace

void UsageMeter::note(const UsageSample& sample) {
    if (!first_) {
        first_ = last_ ? last_ : sample;
    }
    last_ = sample;
    resident_bytes_most_ = std::max(resident_bytes_most_, sample.own.resident_bytes);
    if (resident_bytes_.size() < samples_max) {
        resident_bytes_.push_back(sample.own.resident_bytes);
    }
    note_model(sample.model);
}

/// A server that was started anew counts from zero again.
void UsageMeter::note_model(const std::optional<ProcessUsage>& model) {
    if (!model) {
        return;
    }
    const bool is_same = model_last_ && model_last_->pid == model->pid &&
                         model_last_->start_ticks == model->start_ticks;
    const Duration before = is_same ? model_last_->cpu : Duration{};
    model_cpu_ = model_cpu_.value_or(Duration{}) + (model->cpu - before);
    model_resident_bytes_most_ = std::max(model_resident_bytes_most_, model->resident_bytes);
    model_last_ = model;
}

std::optional<UsageRecord> UsageMeter::take(Duration span_min) {
    if (!first_ || last_->at - first_->at < span_min) {
        return std::nullopt;
    }
    UsageRecord record{.from = first_->wall_at,
                       .until = last_->wall_at,
                       .measured_for = last_->at - first_->at,
                       .cpu = last_->own.cpu - cpu_before_,
                       .resident_bytes_median = median_of(std::exchange(resident_bytes_, {})),
                       .resident_bytes_most = std::exchange(resident_bytes_most_, 0),
                       .services_count = services_count_};
    if (model_cpu_) {
        record.model_cpu = std::exchange(model_cpu_, std::nullopt);
        record.model_resident_bytes_most = std::exchange(model_resident_bytes_most_, 0);
    }
    cpu_before_ = last_->own.cpu;
    first_.reset();
    return record;
}

UsageSum usage_between(std::span<const UsageRecord> records,
                       std::optional<WallTime> since,
                       std::optional<WallTime> until) {
    UsageSum sum;
    std::vector<std::uint64_t> medians;
    for (const UsageRecord& record : records) {
        const bool is_before = since && record.until <= *since;
        const bool is_after = until && record.from >= *until;
        if (is_before || is_after) {
            continue;
        }
        sum.records_count += 1;
        sum.first_at = std::min(sum.first_at.value_or(record.from), record.from);
        sum.measured_for += record.measured_for;
        sum.cpu += record.cpu;
        medians.push_back(record.resident_bytes_median);
        sum.resident_bytes_most = std::max(sum.resident_bytes_most, record.resident_bytes_most);
        if (record.model_cpu) {
            sum.model_cpu = sum.model_cpu.value_or(Duration{}) + *record.model_cpu;
            sum.model_resident_bytes_most = std::max(sum.model_resident_bytes_most.value_or(0),
                                                     record.model_resident_bytes_most.value_or(0));
        }
        sum.services_count_most = std::max(sum.services_count_most, record.services_count);
    }
    sum.resident_bytes_median = median_of(std::move(medians));
    return sum;
}

}  // namespace homeostat::app
