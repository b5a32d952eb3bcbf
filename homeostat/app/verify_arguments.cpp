#include "homeostat/app/verify_arguments.hpp"

#include <CLI/CLI.hpp>

namespace homeostat::app {

void add_verify_ledger(CLI::App& app, VerifyLedgerOptions& options) {
    CLI::App* verify =
        app.add_subcommand("verify-ledger", "Check every byte, the chain and the witness");
    verify->add_option("-c,--config", options.ledger.common.config, "The service's configuration")
        ->capture_default_str();
    verify->add_flag("--json", options.ledger.common.is_json, "Print one JSON document");
    verify->add_option("--ledger", options.ledger.ledger,
                       "A ledger's directory, instead of the configuration's");
    verify->add_option("DIR", options.ledger.ledger, "The same as --ledger DIR");
    verify->add_option("--sink", options.sink, "The witness file, instead of the configuration's");
    verify->add_option("--head", options.head, "A head hash that was written down before");
    verify->add_option("--witness", options.heads,
                       "A file of signed heads, instead of the configuration's");
    verify->add_option("--public-key", options.public_key,
                       "What they have to be signed with; record.key's .pub without it");
    verify
        ->add_option("--approver", options.approvers,
                     "NAME=KEY: nobody else can have signed what is recorded; again for each")
        ->allow_extra_args(false);
    verify->footer(
        "The ledger is read and never changed; no agent has to run, one may. Found is any byte "
        "that\nchanged, any record that was removed, moved or added, and, with a witness, an end "
        "that was cut\noff. Bytes of an unfinished record at the very end are no trouble: a crash "
        "leaves them.\nFound as well is a yes that is not signed as it says: each signature has to "
        "hold by the key beside\nit for just what the record says. Whose a key is says a list: "
        "with --approver, where keys of the\npast belong too, a signature of anybody else is "
        "trouble; with the configuration's, which is of today,\nit is only told.\n"
        "With --json, one line: records (entries up to the trouble), intact, first_bad (segment, "
        "offset\nand why, or null), trouble, verification, approvals.\n\n"
        "Exit status:\n  0  intact\n"
        "  1  not intact, a file of another format or version, a signature that does not hold, or "
        "a witness says otherwise\n"
        "  2  it cannot be said: no ledger, witness or key there, or no right to read\n\n"
        "Examples:\n  homeostat verify-ledger var/payments/ledger --json\n"
        "  homeostat verify-ledger var/payments/ledger --witness /mnt/audit/heads.jsonl \\\n"
        "    --public-key payments.pub --approver "
        "anna=3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de24"
        "3a63ac048a18b59da29");
}

}  // namespace homeostat::app
