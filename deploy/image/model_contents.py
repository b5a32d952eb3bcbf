#!/usr/bin/env python3
"""What is in the image of the model server: puts its files together, and says in SPDX which.

    deploy/image/model_contents.py VERSION MODEL_FOLDER FOLDER OUT

OUT.spdx.json names everything in it, OUT.entrypoint.json how the server is started. The server is
that of the wheel which tools/model/setup.sh brings, whatever llama-server is on PATH: its version
and its sum are pinned. It is a library for Python, so Debian's interpreter comes with it, and of
its modules those that the server loads, and no others. No shell, and no compiler.
"""

import ast
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path[:0] = [str(HERE), str(REPOSITORY / "tools/model")]

from contents import (copy, described, document, facts_of, libraries_of,  # noqa: E402
                      package_of, set_modes, write_accounts)
from try_server import FLAGS  # noqa: E402

PYTHON = Path("/usr/bin/python3.11")
SERVER = REPOSITORY / "tools/model/llama_server.py"
WHEEL = "xllamacpp"
PLACE = Path("/usr/lib/homeostat-model")
WEIGHTS = Path("/usr/share/homeostat-model")
MODULES = Path("/usr/lib/python3/dist-packages")
USER = 65531  # Another than the agent's: it could read what is the agent's otherwise.
# What is loaded when somebody misspells a flag, and by what, if anything goes wrong.
ALSO = ("shutil", "textwrap", "traceback", "linecache", "locale", "encodings.ascii",
        "encodings.latin_1")
# What the machine's owner has added to Python is no part of the image.
NOT_OURS = ("sitecustomize", "usercustomize")
GEMMA = "LicenseRef-Gemma-Terms-of-Use"
UNSAID = {"licenseConcluded": "NOASSERTION", "copyrightText": "NOASSERTION",
          "supplier": "NOASSERTION", "downloadLocation": "NOASSERTION", "filesAnalyzed": False}
COPYRIGHT = """{library}: the bindings {wheel} {version}, and llama.cpp, which they are compiled of.

llama.cpp: MIT License, Copyright (c) The ggml authors, in the words that follow.

{wheel}: {text}"""


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def wheel_in(model):
    """Its folder, and that of what it says of itself."""
    folder = next(iter(sorted((model / "venv/lib").glob(f"python3*/site-packages/{WHEEL}"))), None)
    said = folder and next(iter(folder.parent.glob(f"{WHEEL}-*.dist-info")), None)
    if not said:
        sys.exit(f"{model} has no {WHEEL}; `make model` brings it, unless a llama-server on PATH "
                 "serves the model: take that one from PATH, and run it again")
    return folder, said


def files_loaded(wheel):
    """Of the interpreter when it runs the server, the wheel's own left out."""
    imported = {name.name for one in ast.walk(ast.parse(SERVER.read_text()))
                if isinstance(one, ast.Import) for name in one.names}
    script = (f"import sys; sys.path.insert(0, {str(wheel.parent)!r})\n"
              f"import {', '.join(sorted({*imported, *ALSO}))}\n"
              "print(*sorted({(name, module.__file__) for name, module in sys.modules.items() "
              "if getattr(module, '__file__', None)}), sep='\\n')")
    done = subprocess.run([PYTHON, "-I", "-B", "-c", script], check=True, capture_output=True,
                          text=True)
    loaded = re.findall(r"^\('([^']+)', '([^']+)'\)$", done.stdout, re.MULTILINE)
    return [Path(file) for name, file in loaded
            if name.split(".")[0] not in (*NOT_OURS, WHEEL) and
            file.startswith(f"/usr/lib/{PYTHON.name}/")]


def put_python(wheel, folder):
    """Gives the packages whose files are there now."""
    packages = {package_of(PYTHON)}
    copy(PYTHON, folder, PYTHON, 0o755)
    binaries = [PYTHON, *sorted(wheel.glob("*.so"))]
    for file in files_loaded(wheel):
        copy(file, folder, file)
        packages.add(package_of(file))
        if file.suffix == ".so":
            binaries.append(file)
    for binary in binaries:
        for library in libraries_of(binary):
            copy(library, folder, library, 0o755)
            packages.add(package_of(library))
    return packages


def put_wheel(wheel, said, folder):
    for file in (*wheel.glob("*.py"), *wheel.glob("*.so")):
        copy(file, folder, MODULES / WHEEL / file.name)
    text = next(said.glob("licenses/LICENSE")).read_text()
    version = re.search(r"^Version: (\S+)$", (said / "METADATA").read_text(), re.MULTILINE)[1]
    library, = wheel.glob("*.so")
    target = folder / f"usr/share/doc/{WHEEL}/copyright"
    target.parent.mkdir(parents=True)
    target.write_text(COPYRIGHT.format(library=library.name, wheel=WHEEL, version=version,
                                       text=text))
    return {"version": version, "sha256": sha256_of(library)}


def put_weights(model, folder):
    """By its own name, which a link may lead to: it goes into every ranking."""
    file = (model / "model.gguf").resolve()
    told = json.loads(file.with_suffix(".json").read_text())
    if sha256_of(file) != told["sha256"]:
        sys.exit(f"{file} is not what {file.stem}.json says; `make model` makes it anew")
    copy(file, folder, WEIGHTS / file.name)
    copy(file.with_suffix(".json"), folder, WEIGHTS / f"{file.stem}.json")
    copy(REPOSITORY / "models/remedy/NOTICE", folder, WEIGHTS / "NOTICE")
    base = told if "source" in told else json.loads(
        (model / told["base"]).with_suffix(".json").read_text())
    return {**told, "file": file.name, "source": base["source"]}


def part(name, what, **more):
    return {"SPDXID": f"SPDXRef-{re.sub('[^A-Za-z0-9.-]', '-', name)}", "name": name,
            "primaryPackagePurpose": what, **UNSAID, **more}


def checksum(sum_):
    return [{"algorithm": "SHA256", "checksumValue": sum_}]


def of_pypi(name, version):
    return [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
             "referenceLocator": f"pkg:pypi/{name}@{version}"}]


def contents(version, server, weights, packages):
    """In SPDX: the image, the server and what it is made of, the weights and what they are of."""
    whole = part("homeostat-model", "CONTAINER", versionInfo=version,
                 licenseDeclared="NOASSERTION")
    script = part("llama_server.py", "APPLICATION", versionInfo=version,
                  packageFileName=str(PLACE / SERVER.name).lstrip("/"),
                  licenseDeclared="Apache-2.0", checksums=checksum(sha256_of(SERVER)))
    library = part(WHEEL, "LIBRARY", versionInfo=server["version"], licenseDeclared="MIT",
                   checksums=checksum(server["sha256"]),
                   externalRefs=of_pypi(WHEEL, server["version"]))
    llama = part("llama.cpp", "LIBRARY", versionInfo=f"in {WHEEL} {server['version']}",
                 licenseDeclared="MIT", comment="The wheel does not say of which commit it is.")
    model = part(weights["name"], "FILE", versionInfo=f"sha256:{weights['sha256']}",
                 packageFileName=str(WEIGHTS / weights["file"]).lstrip("/"),
                 licenseDeclared=GEMMA, checksums=checksum(weights["sha256"]))
    source, source_version = weights["source"].split()
    base = part(source, "FILE", versionInfo=source_version, licenseDeclared=GEMMA,
                externalRefs=of_pypi(source, source_version))
    linked = [described(package) for package in packages]
    relations = [*((whole["SPDXID"], "CONTAINS", one["SPDXID"])
                   for one in (script, library, model, *linked)),
                 (script["SPDXID"], "DEPENDS_ON", library["SPDXID"]),
                 (library["SPDXID"], "STATIC_LINK", llama["SPDXID"]),
                 (model["SPDXID"], "GENERATED_FROM", base["SPDXID"])]
    made = document(f"homeostat-model-{version}", whole,
                    [script, library, llama, model, base, *linked], relations)
    made["hasExtractedLicensingInfos"] = [{
        "licenseId": GEMMA, "name": "Gemma Terms of Use",
        "extractedText": (REPOSITORY / "models/remedy/NOTICE").read_text(),
        "seeAlsos": ["https://ai.google.dev/gemma/terms"]}]
    return made


def main():
    version, model, folder, out = sys.argv[1], *(Path(word) for word in sys.argv[2:5])
    wheel, said = wheel_in(model)
    packages = put_python(wheel, folder)
    server = put_wheel(wheel, said, folder)
    weights = put_weights(model, folder)
    copy(SERVER, folder, PLACE / SERVER.name)
    copy(REPOSITORY / "LICENSE", folder, "usr/share/doc/homeostat/copyright")
    facts = sorted((facts_of(package) for package in packages), key=lambda one: one["name"])
    for package in facts:
        file = Path("/usr/share/doc", package["name"], "copyright")
        copy(file, folder, file)
    write_accounts(folder, "model", USER, "/")
    # Mounted upon: the socket that the agent asks by, and the token of a server for a node.
    for place in ("homeostat/model", "homeostat/secrets/model", "tmp"):
        (folder / place).mkdir(parents=True)
    set_modes(folder)
    Path(f"{out}.spdx.json").write_text(
        json.dumps(contents(version, server, weights, facts), indent=2) + "\n")
    # -I: no variable and no folder of the container's has a word in what is imported.
    Path(f"{out}.entrypoint.json").write_text(json.dumps(
        [str(PYTHON), "-I", "-B", str(PLACE / SERVER.name), "--model",
         str(WEIGHTS / weights["file"]), *FLAGS]))


if __name__ == "__main__":
    main()
