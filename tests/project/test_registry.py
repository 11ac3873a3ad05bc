"""An extension is one file, found by its name and imported only when it is asked for."""

from __future__ import annotations

import sys
from collections import UserString
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lineage.errors import ExtensionError, UnknownExtension
from lineage.registry import Registry

PACKAGE = "planted_animals"
ANIMAL = "from collections import UserString\nANIMAL = UserString({sound!r})\n"


@dataclass(frozen=True, slots=True)
class Farm:
    """A package of extensions on disk."""

    folder: Path

    def add(self, name: str, code: str) -> None:
        """Write one module."""
        (self.folder / f"{name}.py").write_text(code)


@pytest.fixture
def farm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Farm]:
    """A package with two extensions, one private module and one that belongs to the package."""
    folder = tmp_path / PACKAGE
    folder.mkdir()
    made = Farm(folder)
    made.add("__init__", '"""Animals."""\n')
    made.add("dog", ANIMAL.format(sound="woof"))
    made.add("cat", ANIMAL.format(sound="meow"))
    made.add("_shed", "raise RuntimeError\n")
    made.add("feed", "raise RuntimeError\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield made
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.fixture
def animals(farm: Farm) -> Registry[UserString]:
    """The registry of that package."""
    return Registry(farm.folder.name, "ANIMAL", UserString, besides=("feed",))


def test_names_are_sorted_and_nothing_is_imported(animals: Registry[UserString]) -> None:
    assert animals.names() == ("cat", "dog")
    assert f"{PACKAGE}.cat" not in sys.modules


def test_getting_one_imports_that_one(animals: Registry[UserString]) -> None:
    assert animals.get("dog") == "woof"
    assert f"{PACKAGE}.cat" not in sys.modules


def test_all_come_in_order(animals: Registry[UserString]) -> None:
    assert [str(animal) for animal in animals] == ["meow", "woof"]


@pytest.mark.parametrize("name", ["cow", "_shed", "feed", "", "dog.__init__", "..os"])
def test_an_unknown_name_lists_those_that_exist(animals: Registry[UserString], name: str) -> None:
    with pytest.raises(UnknownExtension) as caught:
        animals.get(name)
    assert caught.value.known == ("cat", "dog")
    assert str(caught.value) == f'no animal is called "{name}"; there are: cat, dog.'


@pytest.mark.parametrize("code", ["", "ANIMAL = 3\n", "animal = 'moo'\n"])
def test_a_wrong_declaration_names_the_file(
    farm: Farm, animals: Registry[UserString], code: str
) -> None:
    farm.add("cow", code)
    with pytest.raises(ExtensionError, match=r"cow\.py must declare ANIMAL: UserString"):
        animals.get("cow")
