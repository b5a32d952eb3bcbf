#include "homeostat/adapters/process/line_splitter.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::adapters::process {

void LineSplitter::feed(std::string_view piece, Lines& out) {
    while (!piece.empty()) {
        const std::size_t newline = piece.find('\n');
        append(piece.substr(0, newline));
        if (newline == std::string_view::npos) {
            return;
        }
        finish_line(out);
        piece.remove_prefix(newline + 1);
    }
}

void LineSplitter::skip(bool is_inside_line) {
    line_.clear();
    is_skipping_ = is_inside_line;
}

void LineSplitter::append(std::string_view part) {
    if (!is_skipping_) {
        line_ += part.substr(0, line_bytes_max_ - std::min(line_.size(), line_bytes_max_));
    }
}

void LineSplitter::finish_line(Lines& out) {
    std::string line = std::exchange(line_, {});
    const bool was_skipping = std::exchange(is_skipping_, false);
    if (was_skipping) {
        return;
    }
    if (out.lines.size() >= lines_max_) {
        ++out.dropped_count;
        return;
    }
    if (line.ends_with('\r')) {
        line.pop_back();
    }
    out.lines.push_back(std::move(line));
}

}  // namespace homeostat::adapters::process
