#include "homeostat/app/bounded_lines.hpp"

#include <algorithm>

namespace homeostat::app {

namespace {

constexpr std::size_t block_bytes = std::size_t{64} << 10U;

}  // namespace

BoundedLines::BoundedLines(std::istream& stream, std::size_t bytes_max)
    : stream_(stream), bytes_max_(bytes_max) {}

/// False at the end of the stream.
bool BoundedLines::fill() {
    if (block_at_ < block_.size()) {
        return true;
    }
    block_.resize(block_bytes);
    stream_.read(block_.data(), static_cast<std::streamsize>(block_.size()));
    block_.resize(static_cast<std::size_t>(stream_.gcount()));
    block_at_ = 0;
    return !block_.empty();
}

void BoundedLines::take(std::size_t count) {
    is_too_long_ = is_too_long_ || text_.size() + count > bytes_max_;
    if (is_too_long_) {
        std::string().swap(text_);  // What is passed over takes no memory.
    } else {
        text_.append(block_, block_at_, count);
    }
}

bool BoundedLines::next() {
    text_.clear();
    is_too_long_ = false;
    if (!fill()) {
        return false;
    }
    number_ += 1;
    while (fill()) {
        const std::size_t end = block_.find('\n', block_at_);
        take(std::min(end, block_.size()) - block_at_);
        block_at_ = std::min(end, block_.size());
        if (end != std::string::npos) {
            block_at_ += 1;
            break;
        }
    }
    return true;
}

}  // namespace homeostat::app
