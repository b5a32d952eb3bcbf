#!/usr/bin/env python3
"""llama-server out of a prebuilt wheel: takes the flags of llama.cpp's server that Homeostat uses.

The wheel (xllamacpp) holds that server as a library; this serves its routes until told to stop.
"""

import argparse
import os
import re
import signal
import socket
import stat
import sys

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
parser.add_argument("-m", "--model", required=True)
parser.add_argument("--host", default="127.0.0.1", help="an address, or a path that ends in .sock")
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--api-key-file", help="one token in a line; whoever has none is refused")
parser.add_argument("--group-socket", action="store_true",
                    help="the socket is for its group too, and not for its owner alone")
parser.add_argument("-c", "--ctx-size", type=int, default=2048)
parser.add_argument("-t", "--threads", type=int, default=1)
parser.add_argument("-tb", "--threads-batch", type=int, default=None)
parser.add_argument("-np", "--parallel", type=int, default=1)
parser.add_argument("-b", "--batch-size", type=int, default=512)
parser.add_argument("-ub", "--ubatch-size", type=int, default=512)
parser.add_argument("-fa", "--flash-attn", choices=["on", "off", "auto"], default="off")
parser.add_argument("--cache-ram", type=int, default=0)
parser.add_argument("--swa-full", action="store_true")
parser.add_argument("--no-slots", action="store_true")
parser.add_argument("--offline", action="store_true")
parser.add_argument("-lv", "--log-verbosity", type=int, default=3)
arguments = parser.parse_args()

os.umask(0o117 if arguments.group_socket else 0o177)  # A UNIX socket is for its owner only.


def keys_in(path):
    """ERRORS: ends the program. A server that anybody may ask because its file was empty is worse
    than none."""
    with open(path, encoding="ascii") as file:
        keys = file.read(4096).split()
    if not keys or not all(re.fullmatch("[!-~]{16,512}", key) for key in keys):
        sys.exit(f"llama_server: {path} holds no token of 16 to 512 visible characters")
    return keys


def remove_stale(path):
    """The socket of one that was killed: nobody listens there, and it would be in the way."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            return
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        try:
            peer.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
        except OSError:  # Whom the agent has started may call nobody; it has removed it itself.
            pass


# Before anything is loaded: a wrong file is told at once.
keys = keys_in(arguments.api_key_file) if arguments.api_key_file else []
if arguments.host.endswith(".sock"):
    remove_stale(arguments.host)

# A blocked signal is inherited by the server's threads, so only sigwait below ever receives it.
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})

import xllamacpp  # noqa: E402  (after the signal mask: the library starts threads)

parameters = xllamacpp.CommonParams()
parameters.model.path = arguments.model
parameters.hostnames = [arguments.host]
parameters.port = arguments.port
parameters.n_ctx = arguments.ctx_size
parameters.cpuparams.n_threads = arguments.threads
parameters.cpuparams_batch.n_threads = arguments.threads_batch or arguments.threads
parameters.n_parallel = arguments.parallel
parameters.n_batch = arguments.batch_size
parameters.n_ubatch = arguments.ubatch_size
flash = {"on": "ENABLED", "off": "DISABLED", "auto": "AUTO"}[arguments.flash_attn]
parameters.flash_attn_type = getattr(
    xllamacpp.llama_flash_attn_type, f"LLAMA_FLASH_ATTN_TYPE_{flash}"
)
parameters.cache_ram_mib = arguments.cache_ram
parameters.swa_full = arguments.swa_full
parameters.endpoint_slots = not arguments.no_slots
parameters.api_keys = keys
parameters.ui = False  # A page for people, which it would serve without a token.
parameters.offline = arguments.offline
parameters.verbosity = arguments.log_verbosity

try:
    server = xllamacpp.Server(parameters)
except Exception as error:  # More than one kind is thrown; whoever started us reads stderr.
    text = f"llama_server: {arguments.model} cannot be served: {error}"
    print(text, file=sys.stderr, flush=True)
    sys.exit(1)
print(f"llama_server: listening on {server.listening_address}", file=sys.stderr, flush=True)
signal.sigwait({signal.SIGINT, signal.SIGTERM})
os._exit(0)  # The library may wait long for idle connections; there is nothing here worth saving.
