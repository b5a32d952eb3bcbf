// Where a configuration has the agent ask somebody, and where nobody is ever asked.

#include "homeostat/app/config_for_test.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <string_view>

namespace homeostat::app {

TEST_CASE("the metadata of a cloud is refused with its place, whichever key names it") {
    for (const std::string_view lines :
         {"model: {{ url: \"http://{}\", token_file: t }}\n",
          "signals: [ {{ http: {{ path: / }} }} ]\njourney: {{ url: \"http://{}/\" }}\n",
          "mesh: {{ listen: \"127.0.0.1:1\", callers: [ {{ service: a, agent: {{ url: "
          "\"http://{}\" "
          "}} }} ] }}\n",
          "tasks: [ {{ name: a, run: {{ http: {{ url: \"http://{}/\" }} }} }} ]\n",
          "record: {{ sinks: [ {{ webhook: {{ url: \"http://{}/\" }} }} ] }}\n",
          "record: {{ sinks: [ {{ webhook: {{ url: \"https://{}/\" }} }} ] }}\n",
          "notify: [ {{ webhook: {{ url: \"https://{}/\" }} }} ]\n",
          "caches: [ {{ redis: {{ address: \"127.0.0.1:1\" }}, source: {{ url: "
          "\"http://{}/{{entry}}\" }} }} ]\n"}) {
        for (const std::string_view host :
             {"169.254.169.254", "[::ffff:169.254.169.254]", "[fd00:ec2::254]"}) {
            const std::string text = fmt::format(fmt::runtime(lines), host);
            CAPTURE(text);
            const std::string problems = problems_of(with(text));
            CHECK_MESSAGE(problems.contains("clouds keep a machine's credentials"), problems);
        }
    }
}

}  // namespace homeostat::app
