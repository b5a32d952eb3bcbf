"""Reads layers.txt for tidy.py and purity.py; cmake/layers.cmake is the third reader."""

import pathlib
import re
from dataclasses import dataclass, field

LINE = re.compile(r"^(@?[a-z0-9_/.]+):([a-z0-9_/.* ]*)(?:\|([a-z0-9_ ]*))?$")


@dataclass
class Layers:
    neighbours: dict[str, list[str]] = field(default_factory=dict)  # folder → folders
    libraries: dict[str, list[str]] = field(default_factory=dict)  # folder or file → third party
    pure: list[str] = field(default_factory=list)  # folders
    exact: list[str] = field(default_factory=list)  # folders
    awaiting: list[str] = field(default_factory=list)  # folders and files
    test_libraries: list[str] = field(default_factory=list)

    def may_await(self, file: str) -> bool:
        return any(file == place or file.startswith(place + "/") for place in self.awaiting)


def read_layers(root: pathlib.Path) -> Layers:
    layers = Layers()
    for number, text in enumerate((root / "layers.txt").read_text().splitlines(), 1):
        if not text or text.startswith("#"):
            continue
        match = LINE.match(text)
        if not match:
            raise SystemExit(f"layers.txt:{number}: want 'folder: folders | libraries'")
        subject, folders, libraries = match[1], match[2].split(), (match[3] or "").split()
        if subject == "@pure":
            layers.pure = folders
        elif subject == "@exact":
            layers.exact = folders
        elif subject == "@await":
            layers.awaiting = folders
        elif subject == "@test":
            layers.test_libraries = libraries
        else:
            if not subject.endswith((".hpp", ".cpp")):
                layers.neighbours[subject] = (
                    list(layers.neighbours) if folders == ["*"] else folders
                )
            layers.libraries[subject] = libraries
    return layers
