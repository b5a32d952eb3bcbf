#include "homeostat/app/joined_metrics.hpp"

#include <fmt/format.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

/// One family: what begins it, and its samples.
struct Family {
    std::string head;
    std::string samples;
};

/// Of the process, not of one of its services.
bool is_of_process(std::string_view name) {
    return name.starts_with("process_") || name == "homeostat_build_info";
}

/// `homeostat_x 1` and `homeostat_x{a="b"} 1`, each of the service.
std::string labelled(std::string_view sample, const std::string& service) {
    const std::size_t end = sample.find_first_of("{ ");
    const std::string_view name = sample.substr(0, end);
    const bool has_labels = end != std::string_view::npos && sample[end] == '{';
    const std::string_view rest = sample.substr(has_labels ? end + 1 : name.size());
    return fmt::format("{}{{service=\"{}\"{}{}", name, service, has_labels ? "," : "}", rest);
}

/// Families in the order in which they were first seen, with what each page says of them.
class Joined {
  public:
    void add(const ServicePage& one) {
        const auto& [service, page] = one;
        family_.clear();
        is_first_ = false;
        std::string_view rest = page;
        while (!rest.empty()) {
            const std::size_t end = rest.find('\n');
            add_line(rest.substr(0, end), service);
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        }
    }

    [[nodiscard]] std::string text() {
        std::string text;
        for (const std::string& family : order_) {
            text += families_[family].head + families_[family].samples;
        }
        return text;
    }

  private:
    void add_line(std::string_view line, const std::string& service) {
        constexpr std::string_view help = "# HELP ";
        if (line.starts_with(help)) {
            begin(std::string(line.substr(help.size(), line.find(' ', help.size()) - help.size())));
        }
        Family& into = families_[family_];
        if (line.starts_with('#')) {
            into.head += is_first_ ? std::string(line) + "\n" : std::string();
        } else if (!is_of_process(family_)) {
            into.samples += labelled(line, service) + "\n";
        } else if (is_first_) {
            into.samples += std::string(line) + "\n";
        }
    }

    void begin(std::string family) {
        family_ = std::move(family);
        is_first_ = families_.try_emplace(family_).second;
        if (is_first_) {
            order_.push_back(family_);
        }
    }

    std::vector<std::string> order_;
    std::map<std::string, Family> families_;
    std::string family_;    ///< Of the lines that come.
    bool is_first_{false};  ///< No page before has it.
};

}  // namespace

std::string join_metrics(const std::vector<ServicePage>& pages) {
    Joined joined;
    for (const ServicePage& page : pages) {
        joined.add(page);
    }
    return joined.text();
}

}  // namespace homeostat::app
