#include "homeostat/adapters/segment_log/head_reading.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

namespace homeostat::adapters::segment_log {

Result<void> HeadReading::begin(const std::filesystem::path& heads,
                                const std::filesystem::path& public_key) {
    Result<PublicKey> key = PublicKey::read(public_key);
    if (!key) {
        return fail("the public key", key.error());
    }
    key_ = std::move(*key);
    path_ = heads;
    std::error_code error;
    bytes_left_ = std::filesystem::file_size(heads, error);
    file_.open(heads, std::ios::binary);
    if (error || !file_) {
        return fail(Fault::absent, heads.string() + ": cannot read the signed heads");
    }
    return next();
}

Result<void> HeadReading::compare(const ChainedGroup& found) {
    const std::uint64_t index = found.prefix.index;
    while (head_ && head_->index < index) {
        // The last one before the beginning is compared with what the beginning follows.
        const bool is_before = head_->index + 1 == index && head_->hash != found.prefix.previous;
        if (is_before || head_->ledger != found.ledger) {
            return fail(Fault::corrupt,
                        fmt::format("the group before group {} is not the one whose head {} has, "
                                    "signed, at byte {}",
                                    index, path_.string(), line_begin_));
        }
        begins_ = std::max(begins_, std::optional(head_->begins));
        if (Result<void> read = next(); !read) {
            return read;
        }
    }
    // The same head may stand there twice: a witness that was tried again.
    while (head_ && head_->index == index) {
        if (head_->hash != found.hash || head_->ledger != found.ledger) {
            return fail(Fault::corrupt,
                        fmt::format("group {} is not the one whose head {} has, signed, at byte {}",
                                    index, path_.string(), line_begin_));
        }
        ++agreed_count_;
        begins_ = std::max(begins_, std::optional(head_->begins));
        if (Result<void> read = next(); !read) {
            return read;
        }
    }
    return {};
}

Result<void> HeadReading::end(const LedgerEnd& end, std::optional<std::uint64_t> begins) const {
    const std::uint64_t next_index = end.chain.next_index;
    if (head_) {
        return fail(Fault::corrupt,
                    fmt::format("the ledger ends before group {}; {} has the signed head of group "
                                "{}: the end was cut off, or this is an older copy",
                                next_index, path_.string(), head_->index));
    }
    if (begins && end.begin.next_index > *begins) {
        return fail(
            Fault::corrupt,
            fmt::format("the ledger begins with group {}; by the signed heads of {} it keeps "
                        "group {} and later ones: its beginning was cut off",
                        end.begin.next_index, path_.string(), *begins));
    }
    return {};
}

void HeadReading::blame(std::optional<BadPlace>& bad) const {
    if (bad_) {
        bad = bad_;
    }
}

Result<SignedHead> HeadReading::parse(std::string_view line) const {
    Result<SignedHead> head = parse_head_line(line);
    if (!head) {
        return head;
    }
    if (const Result<void> checked = key_->check(*head); !checked) {
        return std::unexpected(checked.error());
    }
    if (head_ && head->index < head_->index) {
        return fail(Fault::corrupt, fmt::format("the head of group {} after that of group {}",
                                                head->index, head_->index));
    }
    return head;
}

Result<void> HeadReading::next() {
    std::string line;
    if (!std::getline(file_, line) || line.size() >= bytes_left_) {
        head_.reset();  // At the end, or at a line that has no line feed yet or came later.
        return {};
    }
    bytes_left_ -= line.size() + 1;
    line_begin_ = std::exchange(next_begin_, next_begin_ + line.size() + 1);
    Result<SignedHead> head = parse(line);
    if (!head) {
        bad_ = BadPlace{path_.string(), line_begin_, head.error().text};
        return fail(Fault::corrupt, fmt::format("{} at byte {}: {}", path_.string(), line_begin_,
                                                head.error().text));
    }
    head_ = std::move(*head);
    return {};
}

}  // namespace homeostat::adapters::segment_log
