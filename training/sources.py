"""The packages that drawings, words and fonts come from, with the licence each is used under."""

import json
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from training.workspace import Workspace, parse_workspace

Purpose = Literal["training", "evaluation"]


class SourceError(RuntimeError):
    """A package is missing or does not carry the licence it is recorded with."""


@dataclass(frozen=True, slots=True)
class Source:
    """One package, its pinned version (npm) and the licence of what is used from it."""

    name: str
    version: str
    licence: str
    author: str
    purpose: Purpose = "training"

    @property
    def folder_name(self) -> str:
        """Return a file-system-safe name."""
        return self.name.lstrip("@").replace("/", "-")


NPM = (
    Source("@iconify-json/noto", "1.2.9", "Apache-2.0", "Google"),
    Source("@iconify-json/noto-v1", "1.2.5", "Apache-2.0", "Google"),
    Source("@iconify-json/fluent-emoji", "1.2.7", "MIT", "Microsoft"),
    Source("@iconify-json/fluent-emoji-flat", "1.2.6", "MIT", "Microsoft"),
    Source("@iconify-json/fluent-emoji-high-contrast", "1.2.6", "MIT", "Microsoft"),
    Source("@lobehub/fluent-emoji-3d", "1.1.0", "MIT", "Microsoft, packed by LobeHub"),
    Source("@iconify-json/fxemoji", "1.2.2", "Apache-2.0", "Mozilla"),
    Source("@mdi/svg", "7.4.47", "Apache-2.0", "Pictogrammers"),
    Source("emojibase-data", "17.0.0", "MIT", "Emojibase"),
    Source("@iconify-json/twemoji", "1.2.5", "CC-BY-4.0", "Twitter", "evaluation"),
)
DEBIAN = (
    Source("unicode-cldr-core", "41", "Unicode-DFS-2016", "Unicode"),
    Source("fonts-dejavu-core", "2.37", "Bitstream-Vera", "DejaVu"),
    Source("fonts-dejavu-extra", "2.37", "Bitstream-Vera", "DejaVu"),
    Source("fonts-liberation2", "2.1.5", "OFL-1.1", "Red Hat"),
    Source("fonts-noto-core", "20201225", "OFL-1.1", "Google"),
    Source("fonts-noto-mono", "20201225", "OFL-1.1", "Google"),
    Source("fonts-roboto-unhinted", "20170802", "Apache-2.0", "Google"),
    Source("fonts-open-sans", "1.11", "Apache-2.0", "Google"),
    Source("fonts-lato", "2.0", "OFL-1.1", "Lukasz Dziedzic"),
)


def npm_folder(workspace: Workspace, name: str) -> Path:
    """Return where the npm package `name` is unpacked."""
    source = next(source for source in NPM if source.name == name)
    return workspace.folder("packages") / source.folder_name


def debian_root(workspace: Workspace) -> Path:
    """Return the folder that holds the unpacked Debian packages as one file system."""
    return workspace.folder("debian")


def declared_licence(folder: Path) -> str:
    """Read the licence field of an unpacked npm package."""
    manifest = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    return str(manifest.get("license", "none"))


def check_licence(source: Source, folder: Path) -> None:
    """Raise `SourceError` unless the package declares the recorded licence."""
    found = declared_licence(folder)
    if found != source.licence:
        raise SourceError(f"{source.name} {source.version}: recorded {source.licence}, is {found}")


def fetch_npm(workspace: Workspace, source: Source) -> None:
    """Download and unpack one npm package, then check its licence field."""
    folder = npm_folder(workspace, source.name)
    if not (folder / "package.json").exists():
        downloads = workspace.folder("downloads")
        command = ["npm", "pack", "--silent", f"{source.name}@{source.version}"]
        packed = subprocess.run(command, cwd=downloads, check=True, capture_output=True, text=True)
        archive = downloads / packed.stdout.strip().splitlines()[-1]
        unpack_npm(archive, folder)
    check_licence(source, folder)


def unpack_npm(archive: Path, folder: Path) -> None:
    """Unpack an npm archive, dropping its leading `package/`."""
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
        for member in members:
            member.name = member.name.partition("/")[2]
        tar.extractall(folder, [m for m in members if m.name], filter="data")


def fetch_debian(workspace: Workspace, source: Source) -> None:
    """Download one Debian package and unpack it below `debian_root`."""
    downloads = workspace.folder("downloads")
    if not list(downloads.glob(f"{source.name}_*.deb")):
        subprocess.run(["apt-get", "download", "-qq", source.name], cwd=downloads, check=True)
    archive = next(downloads.glob(f"{source.name}_*.deb"))
    subprocess.run(["dpkg", "-x", str(archive), str(debian_root(workspace))], check=True)


def fetch_all(workspace: Workspace) -> None:
    """Fetch every source; packages already there are only checked."""
    for source in NPM:
        fetch_npm(workspace, source)
    for source in DEBIAN:
        fetch_debian(workspace, source)


if __name__ == "__main__":
    fetch_all(parse_workspace(__doc__))
