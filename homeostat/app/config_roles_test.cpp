// The keys of roles.

#include "homeostat/app/config_for_test.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>

namespace homeostat::app {

namespace {

const std::string one_key = std::string(63, '0') + "1";
const std::string other_key = std::string(63, '0') + "2";

std::string roles(const std::string& keys) {
    return with("roles: { " + keys + " }\n");
}

RolesConfig read(const std::string& keys) {
    const ConfigReport report = parse_config(roles(keys), file_for_test);
    REQUIRE_MESSAGE(report.config, describe(report));
    REQUIRE(report.config->roles);
    return *report.config->roles;
}

}  // namespace

TEST_CASE("both roles are one process where nobody says otherwise") {
    CHECK_FALSE(parse_config(with(""), file_for_test).config->roles);
}

TEST_CASE("what is left out of roles has a place below the configuration's directory") {
    const RolesConfig on_this_machine = read("agents: [ '" + one_key + "' ]");
    CHECK(on_this_machine.socket == "/srv/shop/var/payments/door.sock");
    CHECK(on_this_machine.key_file == "/srv/shop/var/payments/agent.key");
    CHECK(on_this_machine.agent_socket == "/srv/shop/var/payments/agent.sock");
    CHECK(on_this_machine.agents == std::vector{RoleAgent{one_key}});
    const RolesConfig on_two = read("listen: '10.0.0.5:7091', url: 'http://10.0.0.5:7091'");
    CHECK(on_two.socket.empty());
    CHECK((on_two.listen == "10.0.0.5:7091" && on_two.url == "http://10.0.0.5:7091"));
}

TEST_CASE("roles are written as they are read") {
    for (const std::string& keys :
         {fmt::format("socket: door.sock, key: a.key, agent_socket: a.sock, agents: [ '{}', '{}' ]",
                      one_key, other_key),
          fmt::format("agents: [ '{}', {{ key: '{}', scope: instance }} ]", one_key, other_key),
          std::string("listen: '10.0.0.5:7091', url: 'http://10.0.0.5:7091'")}) {
        const ConfigReport once = parse_config(roles(keys), file_for_test);
        REQUIRE_MESSAGE(once.config, describe(once));
        const std::string document = to_text(to_document(*once.config));
        const ConfigReport again = parse_config(document, file_for_test);
        REQUIRE_MESSAGE(again.config, describe(again));
        CHECK(to_text(to_document(*again.config)) == document);
    }
}

TEST_CASE("a key alone speaks of the whole, and one with a scope of no more than that") {
    using adapters::roles::ScopeKind;
    CHECK(
        read(fmt::format("agents: [ '{}', {{ key: '{}', scope: instance }} ]", one_key, other_key))
            .agents == std::vector{RoleAgent{one_key, ScopeKind::whole},
                                   RoleAgent{other_key, ScopeKind::instance}});
    // Written as it is meant: what stands for itself is short.
    const ConfigReport report = parse_config(
        roles(fmt::format("agents: [ {{ key: '{}', scope: whole }} ]", one_key)), file_for_test);
    REQUIRE(report.config);
    CHECK(to_text(to_document(*report.config)).contains("\"agents\":[\"" + one_key + "\"]"));
    CHECK(to_text(config_schema()).contains("\"anyOf\":[{"));
}

TEST_CASE("roles that cannot be are refused at their place, with the mend") {
    CHECK(problems_of(roles("socket: a.sock, listen: '10.0.0.5:7091'"))
              .contains("5:1: roles: both a socket and an address — keep the socket"));
    CHECK(problems_of(roles("listen: unix:/run/x.sock")).contains("that is what socket is for"));
    CHECK(problems_of(roles(fmt::format("agents: [ '{0}', '{0}' ]", one_key)))
              .contains("a key stands twice"));
    CHECK(problems_of(roles("agents: [ nonsense ]")).contains("--show-key"));
    CHECK(problems_of(roles("agents: [ { scope: instance } ]"))
              .contains("roles.agents[0].key: missing"));
    CHECK(problems_of(roles(fmt::format("agents: [ {{ key: '{}', scope: pod }} ]", one_key)))
              .contains("write scope: instance"));
    CHECK(problems_of(roles(fmt::format("agents: [ {{ key: '{}', scope: pot }} ]", one_key)))
              .contains("did you mean 'pod'"));
    CHECK(problems_of(
              roles(fmt::format("agents: [ '{0}', {{ key: '{0}', scope: instance }} ]", one_key)))
              .contains("a key stands twice"));
    CHECK(problems_of(roles("url: 'http://executor.shop:7091'")).contains("roles.url"));
    CHECK(problems_of(roles("role: agent")).contains("role"));
    CHECK(problems_of(roles("socket: /" + std::string(200, 'x'))).contains("roles.socket"));
    // A private key may have been written there: it is not repeated.
    CHECK_FALSE(problems_of(roles("agents: [ '" + std::string(62, 'a') + "' ]")).contains("aaaa"));
}

}  // namespace homeostat::app
