"""Third-party files are exactly the files that were looked at, with their licences beside them."""

import hashlib
from pathlib import Path

import pytest

from tools import vendor

pytestmark = pytest.mark.one_database

LISTED = dict(reversed(line.split("  ")) for line in vendor.MANIFEST.read_text().splitlines())


@pytest.mark.parametrize("path", sorted(LISTED))
def test_vendored_file_matches_its_hash(path):
    assert hashlib.sha256((vendor.VENDOR / path).read_bytes()).hexdigest() == LISTED[path]


def test_vendored_files_are_all_listed():
    found = {path.relative_to(vendor.VENDOR).as_posix() for path in vendor.VENDOR.rglob("*") if path.is_file()}

    assert found - {vendor.MANIFEST.name} == set(LISTED)


def test_vendored_folders_carry_their_licence():
    folders = {Path(path).parts[0] for path in LISTED}

    assert {folder for folder in folders if not (vendor.VENDOR / folder / "LICENSE").is_file()} == set()


def test_vendored_packages_are_pinned_by_version_and_integrity():
    for version, integrity, _ in vendor.PACKAGES.values():
        assert version.count(".") == 2
        assert integrity.startswith("sha512-")


def test_sprite_holds_each_icon_once():
    sprite = (vendor.VENDOR / vendor.SPRITE).read_text()

    assert [name for name in vendor.ICONS if sprite.count(f'<symbol id="{name}"') != 1] == []


def test_without_source_map_drops_the_pointer_only():
    assert vendor.without_source_map(b"a{b:c}\n/*# sourceMappingURL=x.css.map */\n") == b"a{b:c}\n"
