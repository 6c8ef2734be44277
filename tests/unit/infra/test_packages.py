"""A package holds what it declares and no more; what it declares is enough, and the light one starts at once."""

import json
import re
import subprocess
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.packages.__main__ import main
from infra.packages.declared import (
    CODE,
    IMAGE,
    LIGHT,
    MOST_UNZIPPED_MB,
    MOST_ZIPPED_MB,
    ROOT,
    RUNTIME_LOCK,
    SCORING,
    Package,
    package_of,
)
from infra.packages.environments import python_of
from jobs.errors import BadEnvironment
from jobs.runtime.chain import NIGHT

MOST_IMPORT_CPU_S = 0.5


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as if they were plain values."""


_Loader.add_multi_constructor("!", lambda loader, tag, node: getattr(node, "value", None))


def _properties() -> Iterator[dict[str, Any]]:
    """Properties of every function of the templates."""
    for file in (ROOT / "template.yaml", *sorted((ROOT / "infra").glob("*.yaml"))):
        for resource in yaml.load(file.read_text(), _Loader).get("Resources", {}).values():
            if resource["Type"] == "AWS::Serverless::Function":
                yield resource["Properties"]


def _functions() -> Iterator[tuple[str, str]]:
    """Handler and package type of every function of the templates."""
    for properties in _properties():
        yield properties.get("Handler") or properties["ImageConfig"]["Command"][0], properties.get("PackageType", "Zip")


FUNCTIONS = sorted(set(_functions()))
ZIPPED = [handler for handler, kind in FUNCTIONS if package_of(kind, handler) == LIGHT]
SCORES = [handler for handler, kind in FUNCTIONS if package_of(kind, handler) == SCORING]


def _pinned(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", lock.read_text(), re.MULTILINE))


def _run(package: Package, program: str, path: Path) -> str:
    """What a program says in the package's environment, with nothing of this process's own."""
    variables = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(path)}
    ended = subprocess.run(
        [python_of(package), "-c", program], capture_output=True, text=True, check=False, env=variables, cwd="/"
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="session")
def light(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that ``sam build`` would zip, made by the target that it calls."""
    folder = tmp_path_factory.mktemp("light")
    subprocess.run(
        ["make", "-s", "build-PlanShards", f"ARTIFACTS_DIR={folder}"], cwd=ROOT, check=True, capture_output=True
    )
    return folder


def test_the_light_zip_is_our_code_alone_and_small(light: Path, tmp_path: Path) -> None:
    assert {found.name for found in light.iterdir()} == set(CODE)
    files = [found for found in light.rglob("*") if found.is_file()]
    assert not [found for found in files if found.suffix not in {".py", ".pyc", ".j2", ".sql", ".json", ".toml"}]
    with zipfile.ZipFile(tmp_path / "light.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for found in files:
            archive.write(found, found.relative_to(light))
    assert (tmp_path / "light.zip").stat().st_size < MOST_ZIPPED_MB * 1e6


def test_nothing_of_the_sources_is_left_out(light: Path) -> None:
    for name in CODE:
        sources = {f.relative_to(ROOT) for f in (ROOT / name).rglob("*") if f.is_file() and f.suffix in {".py", ".j2"}}
        assert sources == {f.relative_to(light) for f in (light / name).rglob("*") if f.suffix in {".py", ".j2"}}


def test_the_build_wants_one_folder(tmp_path: Path) -> None:
    assert main([]) == main([str(tmp_path / "absent")]) == main([str(tmp_path), "heavy"]) == 2


def test_there_are_functions_of_both_kinds() -> None:
    assert {kind for _, kind in FUNCTIONS} == {"Zip", "Image"}
    assert {package_of(kind, handler) for handler, kind in FUNCTIONS} == {LIGHT, SCORING, IMAGE}


@pytest.mark.parametrize("handler", ZIPPED)
def test_a_zipped_function_imports_with_the_runtime_alone_and_at_once(handler: str, light: Path) -> None:
    """CPU seconds of the import from the start of the process, the least of three; boto3 is counted in."""
    module = handler.rpartition(".")[0]
    program = (
        "import json, resource, sys\n"
        f"import {module}, boto3\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "print(json.dumps([used.ru_utime + used.ru_stime, boto3.__file__]))"
    )
    seconds, boto3_file = min(json.loads(_run(LIGHT, program, light)) for _ in range(3))
    assert "/runtime/boto3/" in boto3_file, "boto3 is the runtime's"
    assert seconds < MOST_IMPORT_CPU_S


def test_a_library_that_the_light_package_does_not_declare_is_not_there(light: Path) -> None:
    there = "import importlib.util as u; print([bool(u.find_spec(n)) for n in ('boto3', 'numpy', 'pyarrow', 'moto')])"
    assert _run(LIGHT, there, light) == "[True, False, False, False]\n"


@pytest.fixture(scope="session")
def scoring(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that ``sam build`` would zip for the function that scores, made by the target that it calls."""
    folder = tmp_path_factory.mktemp("scoring")
    subprocess.run(
        ["make", "-s", "build-FraudApi", f"ARTIFACTS_DIR={folder}"], cwd=ROOT, check=True, capture_output=True
    )
    return folder


def test_the_scoring_zip_is_small_enough_and_brings_the_openmp_library(scoring: Path) -> None:
    size = sum(found.stat().st_size for found in scoring.rglob("*") if found.is_file())
    assert size < MOST_UNZIPPED_MB * 1e6 / 2, "half of what Lambda takes"
    assert (scoring / "lib" / "libgomp.so.1").is_file(), "where Lambda's linker looks"
    assert (scoring / "lightgbm" / "lib" / "lib_lightgbm.so").is_file()
    there = {found.name for found in scoring.iterdir()}
    assert set(CODE) <= there
    assert not there & {"pandas", "sklearn", "scipy", "pyarrow", "boto3", "duckdb"}


@pytest.mark.parametrize("handler", SCORES)
def test_what_scores_imports_in_its_own_environment_with_neither_pandas_nor_scikit_learn(
    handler: str, light: Path
) -> None:
    absent = ("pandas", "sklearn", "scipy", "pyarrow", "duckdb", "pyiceberg")
    program = (
        f"import json, importlib.util as u, sys; import {handler.rpartition('.')[0]}, boto3\n"
        "from jobs.science.fraud.single_row import _library; _library()\n"
        f"print(json.dumps([[n for n in {absent!r} if u.find_spec(n)], 'lightgbm' in sys.modules, boto3.__file__]))"
    )
    found, imported, boto3_file = json.loads(_run(SCORING, program, light))
    assert (found, imported) == ([], False)
    assert "/runtime/boto3/" in boto3_file, "boto3 is the runtime's"


def test_what_scores_is_locked_to_the_versions_that_the_tests_ran_with() -> None:
    assert SCORING.lock is not None
    assert _pinned(SCORING.lock).items() <= _pinned(ROOT / "requirements.lock").items()


def test_the_image_holds_what_its_functions_and_every_step_import() -> None:
    wanted = [handler.rpartition(".")[0] for handler, _ in FUNCTIONS] + [step.module for step in NIGHT]
    absent = ("moto", "pytest", "hypothesis", "mypy")
    program = (
        f"import importlib, importlib.util as u\nfor name in {[*wanted, 'jobs.cli']!r}: importlib.import_module(name)\n"
        f"import boto3; print('site-packages' in boto3.__file__, [n for n in {absent!r} if u.find_spec(n)])"
    )
    assert _run(IMAGE, program, ROOT) == "True []\n"


def test_the_image_is_locked_to_the_versions_that_the_tests_ran_with() -> None:
    assert IMAGE.lock is not None
    image, tested = _pinned(IMAGE.lock), _pinned(ROOT / "requirements.lock")
    lambdas_own = {"awslambdaric", "simplejson", "snapshot-restore-py"}
    assert set(image) - set(tested) == lambdas_own
    assert {name: version for name, version in image.items() if name in tested}.items() <= tested.items()
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = {re.split(r"[\[<>=]", wanted)[0] for wanted in project["project"]["dependencies"]}
    assert declared <= set(image)


@pytest.mark.parametrize("lock", [RUNTIME_LOCK, SCORING.lock, ROOT / "infra" / "container" / "requirements.lock"])
def test_a_lock_has_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text()
    assert text.count("--hash=sha256:") >= len(_pinned(lock)) > 5
    assert not re.search(r"https?://|--(extra-)?index-url", text)


def test_a_lock_that_cannot_be_installed_is_one_sentence(tmp_path: Path) -> None:
    lock = tmp_path / "wrong.lock"
    lock.write_text(f"six==1.17.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(BadEnvironment, match="is a package index reachable"):
        python_of(Package("wrong", lock), tmp_path)


def test_a_stale_environment_is_made_anew(tmp_path: Path) -> None:
    bare = Package("bare", None)
    first = python_of(bare, tmp_path)
    planted = first.parent / "planted"
    planted.touch()
    assert python_of(bare, tmp_path) == first
    assert planted.exists(), "one that is not stale is kept"
    (first.parents[1] / "made-from").write_text("other locks")
    python_of(bare, tmp_path)
    assert not planted.exists()


def test_lambda_starts_the_image_as_lambda_and_batch_starts_what_it_names() -> None:
    """AWS Batch keeps an image's entry point, so that the image has none, and the functions have their own."""
    assert "\nENTRYPOINT []\n" in (ROOT / "infra" / "container" / "Dockerfile").read_text()
    assert [p["ImageConfig"]["EntryPoint"] for p in _properties() if p.get("PackageType") == "Image"] == [
        ["python", "-m", "awslambdaric"]
    ] * sum(kind == "Image" for _, kind in _functions())


def test_the_image_runs_as_nobody_in_particular_from_a_named_base() -> None:
    text = (ROOT / "infra" / "container" / "Dockerfile").read_text()
    assert "ARG BASE_IMAGE=public.ecr.aws/lambda/python:3.12\n" in text
    assert re.findall(r"^FROM (\S+)", text, re.MULTILINE) == ["${BASE_IMAGE}", "${BASE_IMAGE}"]
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE) == ["1000:1000"]
    assert all(flag in text for flag in ("--require-hashes", "--only-binary :all:", "unchecked-hash"))
