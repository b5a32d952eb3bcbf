#include "homeostat/app/approval_signing.hpp"

#include "homeostat/app/approver_key.hpp"
#include "homeostat/app/person_request.hpp"
#include "homeostat/app/recorded_leave.hpp"
#include "homeostat/heal/signature_desk.hpp"
#include "homeostat/os/file.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <string>

namespace homeostat::app {

namespace {

const mesh::SigningSeed seed_of_anna{1, 2, 3};
constexpr WallTime until{std::chrono::milliseconds{1'800'000'000'000}};

heal::SignatureDesk asking_desk() {
    heal::SignatureDesk desk(
        {.service = ServiceId("payments"), .listed = {{"anna", mesh::public_key_of(seed_of_anna)}}},
        7);
    Preconditions world;
    world.version = VersionId("v2");
    desk.ask(IncidentId("i-1"), "00000000000000aa",
             {Rollback{ServiceId("payments"), VersionId("v2"), VersionId("v1")}, world}, until);
    return desk;
}

heal::QuestionView view_of(const heal::SignatureDesk& desk) {
    heal::QuestionView view;
    view.id = "00000000000000aa";
    view.text = "i-1: may I rollback payments from v2 to v1?";
    view.to_sign =
        heal::ToSignView{.text = heal::text_of(desk.find(IncidentId("i-1"))->form), .quorum = 1};
    return view;
}

class Folder {
  public:
    explicit Folder(const std::string& name)
        : path_(std::filesystem::temp_directory_path() / name) {
        std::filesystem::remove_all(path_);
        std::filesystem::create_directories(path_);
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    [[nodiscard]] std::filesystem::path of(const std::string& name) const { return path_ / name; }

  private:
    std::filesystem::path path_;
};

}  // namespace

TEST_CASE("what a person signs is what the executor asks, and it takes it") {
    const heal::SignatureDesk desk = asking_desk();
    const heal::QuestionView view = view_of(desk);
    const Result<ApprovalForm> form = form_in(view, "payments", "i-1");
    REQUIRE(form);
    const ApprovalSignature signature = signed_by(seed_of_anna, "anna", *form);
    CHECK(desk.check(IncidentId("i-1"), {signature}, until));
    CHECK(holds(*form, signature));
    ApprovalForm other = *form;
    other.nonce.back() = other.nonce.back() == '0' ? '1' : '0';
    CHECK_FALSE(holds(other, signature));
    AnsweredBody answer{.question = form->question,
                        .remedy = form->remedy,
                        .preconditions = form->preconditions,
                        .says = PersonSays::approved,
                        .leave = SignedLeave{*form, {signature}}};
    CHECK(is_of(answer));
    answer.remedy = Restart{InstanceId("payments-0")};
    CHECK_FALSE(is_of(answer));
}

TEST_CASE("a person is shown every part of the form, its bytes and their digest") {
    const heal::SignatureDesk desk = asking_desk();
    const heal::QuestionView view = view_of(desk);
    const Result<ApprovalForm> form = form_in(view, "payments", "i-1");
    REQUIRE(form);
    const std::string shown = told(view, *form);
    for (const std::string& part :
         {view.text, std::string("rollback payments from v2 to v1"), std::string("version v2"),
          std::string("2027-01-15T08:00:00"), view.to_sign->text, sha256_of(view.to_sign->text),
          std::string("It needs 1 of the approvers; so far: nobody")}) {
        CAPTURE(part);
        CHECK(shown.contains(part));
    }
    CHECK(sha256_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("an agent that wants something else signed gets no signature") {
    const heal::SignatureDesk desk = asking_desk();
    heal::QuestionView view = view_of(desk);
    CHECK_FALSE(form_in(view, "orders", "i-1"));
    CHECK_FALSE(form_in(view, "payments", "i-2"));
    view.id = "00000000000000ab";
    CHECK_FALSE(form_in(view, "payments", "i-1"));
    view = view_of(desk);
    view.to_sign->text += ' ';
    CHECK_FALSE(form_in(view, "payments", "i-1"));
    view.to_sign.reset();
    const Result<ApprovalForm> unsigned_one = form_in(view, "payments", "i-1");
    REQUIRE_FALSE(unsigned_one);
    CHECK(unsigned_one.error().text.contains("leave out --key"));
}

TEST_CASE("a key is made once, for its owner alone, and read back") {
    const Folder folder("homeostat_approver_key_test");
    const std::filesystem::path file = folder.of("anna.key");
    const Result<mesh::SigningSeed> made = make_approver_key(file);
    REQUIRE(made);
    struct stat status{};
    REQUIRE(::stat(file.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600U);
    const Result<mesh::SigningSeed> read = read_approver_key(file);
    REQUIRE(read);
    CHECK(*read == *made);
    const Result<mesh::SigningSeed> again = make_approver_key(file);
    REQUIRE_FALSE(again);
    CHECK(again.error().fault == Fault::busy);
    REQUIRE(::chmod(file.c_str(), 0640) == 0);
    const Result<mesh::SigningSeed> open = read_approver_key(file);
    REQUIRE_FALSE(open);
    CHECK(open.error().fault == Fault::refused);
    CHECK(read_approver_key(folder.of("none")).error().fault == Fault::absent);
    REQUIRE(os::write_file_atomically(folder.of("short").string(), "abc\n", 0600));
    CHECK(read_approver_key(folder.of("short")).error().fault == Fault::invalid);
}

TEST_CASE("what a person sends is read strictly and within bounds") {
    const std::string good = R"({"incident":"i-1","question":"00000000000000aa","signatures":[)"
                             R"({"approver":"anna","key":"","signature":"00"}]})";
    const Result<PersonRequest> read = parse_person_request(good);
    REQUIRE(read);
    REQUIRE(read->signatures);
    CHECK(read->signatures->front().approver == "anna");
    CHECK_FALSE(parse_person_request(R"({"incident":"i-1"})")->signatures);
    const std::string one = R"({"approver":"anna","key":"","signature":"00"})";
    std::string many = R"({"incident":"i-1","signatures":[)" + one;
    for (int count = 0; count < 32; ++count) {
        many += "," + one;
    }
    for (const std::string& bad :
         {std::string(), std::string("{}"), std::string("[]"),
          std::string(R"({"incident":"i-1","leave":{}})"),
          std::string(R"({"incident":"i-1","signatures":{}})"),
          std::string(R"({"incident":"i-1","signatures":[{"approver":"anna"}]})"),
          R"({"incident":"i-1","signatures":[{"approver":"anna","key":"","signature":")" +
              std::string(129, '0') + R"("}]})",
          many + "]}"}) {
        CAPTURE(bad);
        const Result<PersonRequest> refused = parse_person_request(bad);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().fault == Fault::invalid);
    }
}

}  // namespace homeostat::app
