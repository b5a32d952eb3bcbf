#include "homeostat/app/sign_command.hpp"

#include "homeostat/app/approval_signing.hpp"
#include "homeostat/app/approver_key.hpp"
#include "homeostat/app/complaint.hpp"
#include "homeostat/app/input_text.hpp"
#include "homeostat/app/signature_document.hpp"
#include "homeostat/base/timestamp.hpp"
#include "homeostat/heal/approvers.hpp"
#include "homeostat/os/clock.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iostream>

namespace homeostat::app {

namespace {

ExitStatus refuse(ExitStatus status, const std::string& text) {
    complain(text);
    return status;
}

std::string left_until(WallTime expires_at, WallTime now) {
    constexpr std::int64_t minute = 60;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(expires_at - now).count();
    return fmt::format("{} min {} s", seconds / minute, seconds % minute);
}

/// Where the form came by standard input the answer cannot: the terminal itself is asked.
bool agrees(const SignOptions& options, const std::string& shown, const std::string& name) {
    fmt::print(stderr, "{}Sign this as {}? Only \"yes\" signs it: ", shown, name);
    std::fflush(stderr);
    std::string line;
    if (options.form != standard_input) {
        return std::getline(std::cin, line) && line == "yes";
    }
    std::ifstream terminal("/dev/tty");
    return std::getline(terminal, line) && line == "yes";
}

}  // namespace

void add_sign_command(CLI::App& app, SignOptions& options) {
    CLI::App* command =
        app.add_subcommand("sign", "Sign a yes or an undo where your key is, away from the agent");
    command
        ->add_option("FORM", options.form,
                     "What `approve --form` or `undo --form` printed; - is standard input")
        ->required();
    command->add_option("--key", options.key, "The key, of `homeostat approver-key`")->required();
    command->add_option("--name", options.name,
                        "Whose key it is, as the agent's configuration lists it; the name of the "
                        "key's file without its ending where this is not said");
    command->add_flag("--yes", options.is_sure, "Sign without being shown and asked, for programs");
    command->footer(
        "Needs no agent, no configuration and no network. Shows what is signed, each part of it "
        "and the very\nbytes, and asks; only \"yes\" signs. What is printed is the signature, one "
        "line of JSON: the agent\ntakes it by `approve --signature` or `undo --signature`, from "
        "whoever brings it, and checks it there.\nIt is of this one asking and worth nothing "
        "elsewhere or later (docs/approvals.md).\n\n"
        "Exit status:\n  0  signed; the signature is on standard output\n"
        "  1  nothing was signed: the answer was not \"yes\", or the form has expired\n"
        "  2  arguments, a key or a form that cannot be used\n\n"
        "Examples:\n"
        "  homeostat approve i-3 --form > i-3.form            # where the agent is\n"
        "  homeostat sign i-3.form --key ~/anna.key > i-3.signature   # where the key is\n"
        "  homeostat approve i-3 --signature i-3.signature    # where the agent is\n"
        "  kubectl -n shop exec homeostat-0 -- homeostat approve i-3 --form |\n"
        "    homeostat sign - --key ~/anna.key |\n"
        "    kubectl -n shop exec -i homeostat-0 -- homeostat approve i-3 --signature -");
}

ExitStatus sign_form(const SignOptions& options) {
    const std::string name = options.name.empty() ? options.key.stem().string() : options.name;
    if (!heal::is_approver_name(name)) {
        return refuse(ExitStatus::usage,
                      "--name: whose key it is, as approvals.approvers lists "
                      "it: letters, digits, '.', '_' and '-'");
    }
    const Result<mesh::SigningSeed> seed = read_approver_key(options.key);
    if (!seed) {
        return refuse(ExitStatus::usage, seed.error().text);
    }
    const Result<std::string> text = read_input(options.form, signature_document_bytes_max);
    if (!text) {
        return refuse(ExitStatus::usage, text.error().text);
    }
    const Result<ApprovalForm> form = heal::parse_form(trimmed(*text));
    if (!form) {
        return refuse(ExitStatus::usage,
                      form.error().text + "; `homeostat approve ID --form` prints one");
    }
    const WallTime now = os::read_wall_clock();
    if (now > form->expires_at) {
        return refuse(ExitStatus::unexpected,
                      fmt::format("this expired at {}, by the clock of this machine: nobody takes "
                                  "it any more, so nothing was signed; fetch the form again",
                                  to_timestamp(form->expires_at)));
    }
    const std::string shown =
        told(*form) + "There is " + left_until(form->expires_at, now) + " left for it.\n";
    if (!options.is_sure && !agrees(options, shown, name)) {
        return refuse(ExitStatus::unexpected, "nothing was signed");
    }
    fmt::print("{}\n", document_of({*form, {signed_by(*seed, name, *form)}}));
    return ExitStatus::ok;
}

}  // namespace homeostat::app
