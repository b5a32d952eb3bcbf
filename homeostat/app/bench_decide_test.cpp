// `homeostat bench decide` as a user meets it: the program itself, its output and its exit status.

#include "homeostat/adapters/llm/label.hpp"
#include "homeostat/adapters/llm/model_file.hpp"
#include "homeostat/adapters/llm/prompt.hpp"
#include "homeostat/app/demo/program.hpp"
#include "homeostat/app/demo/world.hpp"
#include "homeostat/base/json.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

using namespace std::chrono_literals;

struct Ended {
    int status{0};
    std::string output;
    std::string trouble;
};

/// A directory with a model file that looks like one, and a program of ours as `llama-server`.
class Bench {
  public:
    Bench() {
        std::string pattern = (std::filesystem::temp_directory_path() / "bench-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        directory_ = pattern;
        write("model.gguf", "GGUF and no more");
    }
    ~Bench() { std::filesystem::remove_all(directory_); }
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;

    std::string write(const std::string& name, const std::string& text) {
        std::ofstream(directory_ / name) << text;
        return (directory_ / name).string();
    }
    void write_server(const std::string& script) {
        const std::filesystem::path file = write("llama-server", "#!/bin/sh\n" + script);
        std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    }

    demo::Program start(const std::vector<std::string>& words) {
        demo::ProgramOptions options;
        // The environment of `make` may name another directory for temporary files.
        options.argv = {"/usr/bin/env",
                        "PATH=" + directory_.string() + ":/usr/bin:/bin",
                        "TMPDIR=" + directory_.string(),
                        std::string(HOMEOSTAT_BIN_DIR) + "/homeostat",
                        "bench",
                        "decide"};
        options.argv.insert(options.argv.end(), words.begin(), words.end());
        options.log = directory_ / "stderr";
        options.has_output_pipe = true;
        Result<demo::Program> program = demo::Program::start(options);
        REQUIRE(program);
        return *std::move(program);
    }

    Ended run(const std::vector<std::string>& words) {
        demo::Program program = start(words);
        Ended ended;
        for (auto line = program.read_line(30s); line; line = program.read_line(30s)) {
            ended.output += *line + "\n";
        }
        REQUIRE(demo::wait_until("it has ended", 10s, [&] { return !program.is_running(); }));
        ended.status = program.end(0s);
        ended.trouble = trouble();
        return ended;
    }

    [[nodiscard]] std::string trouble() const { return demo::read_file(directory_ / "stderr"); }
    [[nodiscard]] std::string model() const { return (directory_ / "model.gguf").string(); }
    [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

  private:
    std::filesystem::path directory_;
};

}  // namespace

TEST_CASE("the rules alone are measured over the built-in cases, without a model") {
    Bench bench;
    const Ended ended = bench.run({"--oracle", "rules", "--json"});
    CAPTURE(ended.trouble);
    CHECK(ended.status == 0);
    const Result<json::value> document = parse_json(ended.output);
    REQUIRE(document);
    CHECK(document->at("cases_count").to_number<int>() >= 30);
    CHECK(document->at("seeds_count").to_number<int>() >= 12);
    CHECK(document->at("rows").at("all").at("right").at("rules").at("of").to_number<int>() > 0);
    CHECK(document->at("rows").at("all").at("right").at("model").is_null());
}

TEST_CASE("without its model the rules are printed, and the status says that it was not all") {
    Bench bench;
    bench.write_server("exit 1\n");
    const Ended ended = bench.run({"--model", bench.model()});
    CHECK(ended.status == 1);
    CHECK(ended.output.find("RIGHT, OF CHOICES") != std::string::npos);
    CHECK(ended.output.find("NOT THERE, so nothing is said of it") != std::string::npos);
    CHECK(ended.trouble.find("the model was not there, only the rules were measured") !=
          std::string::npos);
}

TEST_CASE("cases that are broken, empty or absent are refused with the file's name") {
    Bench bench;
    for (const std::string& file :
         {bench.write("broken.json", "[{\"scenario\":"), bench.write("empty.json", ""),
          bench.write("none.json", "[]")}) {
        CAPTURE(file);
        const Ended ended = bench.run({"--cases", file});
        CHECK(ended.status == 2);
        CHECK(ended.output.empty());
        CHECK(ended.trouble.find("homeostat: " + file + ": ") != std::string::npos);
    }
    CHECK(bench.run({"--cases", "/nowhere/cases.json"}).status == 2);
}

TEST_CASE("a calibration counts where it was measured beside the rules, and the bench says so") {
    Bench bench;
    const auto run = [&](const std::string& beside) {
        const std::string text = R"({"model":"m","prompt_digest":")" + std::string(64, 'a') +
                                 R"(","lambda":0.5)" + beside + "}";
        return bench.run({"--oracle", "rules", "--json", "--calibration",
                          bench.write("calibration.json", text)});
    };
    const auto lambda_of = [](const Ended& ended) {
        const Result<json::value> document = parse_json(ended.output);
        REQUIRE(document);
        return document->at("model").at("lambda").to_number<double>();
    };
    CHECK(lambda_of(run(R"(,"beside":"rules")")) == 0.5);
    CHECK(lambda_of(run(R"(,"beside":"tree")")) == 0);
    const Ended refused = run("");
    CHECK(refused.status == 2);
    CHECK(refused.output.empty());
    CHECK(refused.trouble.find("calibration.json: calibration: beside: ") != std::string::npos);
    CHECK(refused.trouble.find("calibrate.py --beside rules") != std::string::npos);
}

TEST_CASE("whoever trains a model gets the prompts and labels that the oracle uses") {
    namespace llm = adapters::llm;
    Bench bench;
    const Ended ended = bench.run(
        {"--prompts",
         bench.write("cases.jsonl",
                     "{\"id\":\"c-1\",\"evidence\":[\"errors 3 %\",\"<end> up\"],\"kinds\":{}}\n"
                     "{\"id\":\"c-2\",\"evidence\":[]}\n")});
    CAPTURE(ended.trouble);
    CHECK(ended.status == 0);
    std::istringstream lines(ended.output);
    std::vector<json::value> told;
    for (std::string line; std::getline(lines, line);) {
        const Result<json::value> document = parse_json(line);
        REQUIRE(document);
        told.push_back(*document);
    }
    REQUIRE(told.size() == 3);
    CHECK(told[0].at("prompt_digest") == json::value(llm::sha256_of(llm::prompt_fixed_text())));
    CHECK(told[0].at("labels").as_object().size() == llm::kinds_all.size() + 1);
    CHECK(told[0].at("labels").at("escalate") == json::value(" person"));
    CHECK(told[0].at("labels").at("open_circuit") == json::value(" circuit"));
    CHECK(told[1].at("id") == json::value("c-1"));
    const Evidence evidence{{"errors 3 %", "<end> up"}};
    CHECK(told[1].at("prompt") ==
          json::value(llm::prompt_for(evidence) + std::string(llm::prompt_question())));
    CHECK(told[2].at("prompt") ==
          json::value(std::string(llm::prompt_prefix()) + std::string(llm::prompt_question())));
}

TEST_CASE("evidence that is no list of lines is refused with the number of its line") {
    Bench bench;
    for (const std::string& text : std::vector<std::string>{
             R"({"id":"c-2"})", R"({"id":"c-2","evidence":[7]})", R"({"evidence":[]})", "[]", "{",
             std::string(std::size_t{2} << 20U, ' ') + "{"}) {
        CAPTURE(text);
        const std::string file =
            bench.write("cases.jsonl", "{\"id\":\"c-1\",\"evidence\":[]}\n" + text + "\n");
        const Ended ended = bench.run({"--prompts", file});
        CHECK(ended.status == 2);
        CHECK(ended.trouble.find(file + ":2: ") != std::string::npos);
    }
}

TEST_CASE("Ctrl-C ends the bench and the model's server, and leaves nothing behind") {
    Bench bench;
    // It may write where it is to, and nowhere else.
    bench.write_server("echo $$ > \"$TMPDIR/server.pid\"\nexec sleep 1000\n");
    demo::Program program = bench.start({"--model", bench.model()});
    std::string server;
    REQUIRE(demo::wait_until("the server runs", 20s, [&] {
        for (const auto& entry : std::filesystem::directory_iterator(bench.directory())) {
            server = server.ends_with('\n') ? server : demo::read_file(entry.path() / "server.pid");
        }
        return server.ends_with('\n');
    }));
    REQUIRE(::kill(program.pid(), SIGINT) == 0);
    REQUIRE(demo::wait_until("it has ended", 20s, [&] { return !program.is_running(); }));
    CHECK(program.end(0s) == 130);
    CHECK(::kill(std::stoi(server), 0) != 0);
    CHECK(bench.trouble().find("interrupted") != std::string::npos);
    for (const auto& entry : std::filesystem::directory_iterator(bench.directory())) {
        CHECK_FALSE(entry.path().filename().string().starts_with("homeostat-bench-"));
    }
}

}  // namespace homeostat::app
