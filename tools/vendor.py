"""Fetch the third-party files of static/vendor/ and write their SHA-256 list; run by hand when a version or an icon changes."""

import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "static" / "vendor"
MANIFEST = VENDOR / "SHA256SUMS"

# package -> (version, integrity of its tarball, {path in the package: path in static/vendor})
PACKAGES = {
    "bootstrap": (
        "5.3.9",
        "sha512-20cU0rcfw8WdxtVbmfU+xT2EjvVTw9Ror/h1Qvd7DXCujRg8OO9mdBCsmTHdJFf3BuadmBNJtgIuUXsBqSkk/w==",
        {
            "dist/css/bootstrap.min.css": "bootstrap/bootstrap.min.css",
            "LICENSE": "bootstrap/LICENSE",
        },
    ),
    "@fontsource-variable/atkinson-hyperlegible-next": (
        "5.3.0",
        "sha512-UnLzNUy1RWoLDfydAatP4NaRm99X/WbQEph7q/PymJnCFIOOwKOx3pBmp5ys8trO0dM+CKGuJgeZP9fAR4mQpA==",
        {
            "files/atkinson-hyperlegible-next-latin-wght-normal.woff2": "atkinson-hyperlegible-next/latin.woff2",
            "files/atkinson-hyperlegible-next-latin-ext-wght-normal.woff2": "atkinson-hyperlegible-next/latin-ext.woff2",
            "LICENSE": "atkinson-hyperlegible-next/LICENSE",
        },
    ),
    "bootstrap-icons": (
        "1.13.2",
        "sha512-fAU1Ly3dH7hwRg+CB8EZ0Vl0fF80zgXHeUVJyfUOKzoURr+TbwISbCW5tKUoQLERaWYG2emTCybcPbD96hdD1A==",
        {"LICENSE": "bootstrap-icons/LICENSE"},
    ),
}
SPRITE = "bootstrap-icons/icons.svg"
ICONS = """
    activity archive arrow-clockwise arrow-counterclockwise arrow-down arrow-down-up arrow-left arrow-left-right
    arrow-repeat arrow-return-left arrow-right arrow-up arrow-up-right bandaid bar-chart bell bell-slash book
    box-arrow-in-right box-arrow-right box-arrow-up-right building bullseye calendar calendar-check calendar-event
    calendar-minus calendar-plus calendar-range calendar-week calendar-x calendar2-day calendar3 caret-down-fill
    chat-left-text check check-circle check-circle-fill check2 check2-all check2-square chevron-down chevron-left
    chevron-right chevron-up circle circle-fill circle-half clipboard clipboard-check clipboard-data clipboard-heart
    clipboard-plus clipboard-x clipboard2-pulse clock clock-history copy currency-dollar dash dash-circle dash-lg
    diagram-3 door-open dot download envelope envelope-at envelope-check envelope-exclamation envelope-open
    envelope-paper exclamation-circle exclamation-circle-fill exclamation-diamond-fill exclamation-octagon
    exclamation-octagon-fill exclamation-triangle exclamation-triangle-fill eye eye-slash file-earmark-medical
    file-earmark-text file-text filter flag flag-fill folder2-open funnel gear geo-alt graph-down graph-up
    grid-3x3-gap grip-vertical heart-pulse hospital hourglass-split house house-door inbox info-circle
    info-circle-fill journal journal-check journal-medical journal-plus journal-text kanban key layout-three-columns
    lightning link-45deg list list-check list-ol list-task lock lock-fill mailbox megaphone moon-stars pause-circle
    pen pencil pencil-square people people-fill person person-badge person-check person-circle person-dash person-gear
    person-lines-fill person-plus person-raised-hand person-standing person-vcard person-walking person-x phone
    pin-angle play-circle play-fill plus plus-circle plus-lg printer question-circle question-lg receipt reply save
    search send send-check send-x shield-check shield-exclamation shield-lock sliders star stop-circle stopwatch sun
    sunrise table tablet tag telephone telephone-fill telephone-forward telephone-inbound telephone-plus telephone-x
    thermometer-half three-dots three-dots-vertical trash unlock upload wifi-off wrench x x-circle x-circle-fill x-lg
    x-octagon-fill zoom-in
""".split()


def fetch(package: str, version: str, folder: Path) -> tarfile.TarFile:
    """Download one package through npm and open its tarball; stops when it is not the one pinned here."""
    answer = subprocess.run(
        ["npm", "pack", "--json", "--pack-destination", str(folder), f"{package}@{version}"],
        check=True,
        capture_output=True,
        text=True,
    )
    tarball = folder / Path(json.loads(answer.stdout)[0]["filename"]).name
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    if integrity != PACKAGES[package][1]:
        sys.exit(f"{package} {version} is not the pinned file: its integrity is {integrity}")
    return tarfile.open(tarball)


def read(tarball: tarfile.TarFile, path: str) -> bytes:
    """Return one file of an npm tarball, whose paths start with `package/`."""
    return tarball.extractfile(f"package/{path}").read()


def without_source_map(css: bytes) -> bytes:
    """Drop the pointer to a source map that is not shipped; the hashed storage would look for it."""
    return re.sub(rb"/\*# sourceMappingURL=.*?\*/\s*", b"", css)


def sprite(tarball: tarfile.TarFile) -> bytes:
    """Return one SVG with a <symbol> per name in ICONS, ordered by name."""
    symbols = []
    for name in sorted(set(ICONS)):
        svg = read(tarball, f"icons/{name}.svg").decode()
        shapes = re.search(r"<svg[^>]*>(.*)</svg>", svg, re.DOTALL).group(1)
        symbols.append(f'<symbol id="{name}" viewBox="0 0 16 16">{" ".join(shapes.split())}</symbol>')
    return ('<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n").encode()


def write(path: str, content: bytes) -> None:
    """Write one file below static/vendor/."""
    target = VENDOR / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


def write_manifest() -> None:
    """List every vendored file with its SHA-256, in the form `sha256sum --check` reads."""
    files = sorted(path for path in VENDOR.rglob("*") if path.is_file() and path != MANIFEST)
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(VENDOR).as_posix()}\n" for path in files
    ]
    MANIFEST.write_text("".join(lines))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for package, (version, _, files) in PACKAGES.items():
            with fetch(package, version, Path(folder)) as tarball:
                for source, target in files.items():
                    content = read(tarball, source)
                    write(target, without_source_map(content) if target.endswith(".css") else content)
                if package == "bootstrap-icons":
                    write(SPRITE, sprite(tarball))
    write_manifest()
    print(f"{len(MANIFEST.read_text().splitlines())} files in {VENDOR}")


if __name__ == "__main__":
    main()
