// A witness is asked by one thread at most, whatever hangs and whatever the machine has left.

#include "homeostat/adapters/segment_log/bounded_witness.hpp"

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"

#include <doctest/doctest.h>

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <future>
#include <limits>
#include <memory>

namespace homeostat::adapters::segment_log {

namespace {

/// As long as it lives no thread can be started: each would get a stack larger than what there is.
class NoThreads {
  public:
    NoThreads() {
        ensure(::pthread_getattr_default_np(&before_) == 0, "the threads' defaults can be read");
        pthread_attr_t huge{};
        ensure(::pthread_attr_init(&huge) == 0, "defaults can be made");
        ensure(::pthread_attr_setstacksize(&huge, std::size_t{1} << 46U) == 0 &&
                   ::pthread_setattr_default_np(&huge) == 0,
               "the threads' defaults can be set");
        ::pthread_attr_destroy(&huge);
    }
    ~NoThreads() { ::pthread_setattr_default_np(&before_); }
    NoThreads(const NoThreads&) = delete;
    NoThreads& operator=(const NoThreads&) = delete;

  private:
    pthread_attr_t before_{};
};

SignedHead head_for_test() {
    SignedHead head{.ledger = std::string(64, 'a'),
                    .index = 7,
                    .hash = std::string(64, 'b'),
                    .wall_at = group_for_test(0).wall_at,
                    .key = {},
                    .signature = {}};
    SigningKey::make().sign(head);
    return head;
}

}  // namespace

TEST_CASE("a witness that hangs is not asked a second time before it has answered") {
    const ScratchForTest scratch;
    const auto hangs = std::make_shared<std::promise<void>>();
    const auto calls_count = std::make_shared<std::atomic<int>>(0);
    const std::shared_future<void> until = hangs->get_future().share();
    const Disk disk([until, calls_count](DiskCall call) {
        *calls_count += call == DiskCall::open ? 1 : 0;
        until.wait();
        return 0;
    });
    const BoundedWitness witness(HeadFile(scratch.path() / "heads.jsonl", disk),
                                 std::chrono::milliseconds{1});
    const SignedHead head = head_for_test();
    CHECK_FALSE(witness.append(head));
    wait_for_test([&] { return *calls_count == 1; });
    for (int call = 0; call < 3; ++call) {
        CHECK(witness.append(head).error().fault == Fault::unreachable);
    }
    hangs->set_value();
    wait_for_test([&] { return witness.last().has_value(); });
    CHECK(*calls_count == 1);
    CHECK(read_for_test(scratch.path() / "heads.jsonl") == to_head_line(head));
}

TEST_CASE("where no thread can be had a witness does not answer, and is asked once one can") {
    const ScratchForTest scratch;
    const BoundedWitness witness(HeadFile(scratch.path() / "heads.jsonl"),
                                 std::chrono::seconds{60});
    const SignedHead head = head_for_test();
    {
        const NoThreads none;
        const Result<void> appended = witness.append(head);
        REQUIRE_FALSE(appended);
        CHECK(appended.error().fault == Fault::unreachable);
        CHECK(appended.error().text.contains("heads.jsonl does not answer"));
        CHECK(witness.last().error().fault == Fault::unreachable);
    }
    REQUIRE(witness.append(head));
    CHECK(witness.last().value() == head);
}

}  // namespace homeostat::adapters::segment_log
