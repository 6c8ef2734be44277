"""The words of ``sam`` that deploy and delete a stage, with what samconfig.toml says of it."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jobs.errors import BadRequest

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "samconfig.toml"
SAM = ROOT / ".venv-tools" / "bin" / "sam"
_DEFAULT = "default"
_STAGE_OF_DEFAULT = "dev"


def config_env(stage: str, config: Path = CONFIG) -> str:
    """Return the part of samconfig.toml that deploys a stage.

    Raises
    ------
    BadRequest
        If there is none.

    Examples
    --------
    >>> config_env("dev"), config_env("prod")
    ('default', 'prod')
    """
    name = _DEFAULT if stage == _STAGE_OF_DEFAULT else stage
    known = tomllib.loads(config.read_text())
    if name not in known:
        stages = sorted(_STAGE_OF_DEFAULT if of == _DEFAULT else of for of in known if of != "version")
        raise BadRequest(f"{config.name} has no stage {stage!r}: give one of {', '.join(stages)}, or write its part.")
    return name


def declared(env: str, config: Path = CONFIG) -> dict[str, str]:
    """Return the parameters of the template that a part of samconfig.toml sets."""
    part: dict[str, Any] = tomllib.loads(config.read_text())[env]
    pairs = (pair.partition("=") for pair in part["deploy"]["parameters"]["parameter_overrides"].split())
    return {name: value for name, _, value in pairs}


def region(env: str, config: Path = CONFIG) -> str:
    """Return the AWS region that a part of samconfig.toml deploys to.

    Examples
    --------
    >>> region("prod")
    'eu-west-1'
    """
    return str(tomllib.loads(config.read_text())[env]["global"]["parameters"]["region"])


def build_words(env: str) -> list[str]:
    """Return the command that builds what is deployed; it needs no container engine."""
    return [str(SAM), "build", "--config-env", env]


def deploy_words(
    env: str, image_uri: str, parameters: Mapping[str, str] = {}, stack: str = "", confirm: bool = True
) -> list[str]:
    """Return the command that deploys what was built.

    Parameters
    ----------
    env : str
        Part of samconfig.toml.
    image_uri : str
        Address of the image in Amazon ECR. Words of the command line stand in the place of the whole line of
        samconfig.toml, so all parameters are given here; and sam asks for a repository where functions are images,
        though it has nothing to push there.
    parameters : mapping
        Parameters over those of samconfig.toml.
    stack : str
        Name of the stack, "" for that of samconfig.toml.
    confirm : bool
        Whether sam shows the changes and waits for a yes, where samconfig.toml says so.

    Examples
    --------
    >>> words = deploy_words("prod", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/netlift@sha256:ab", confirm=False)
    >>> words[words.index("--image-repository") + 1]
    '123456789012.dkr.ecr.eu-west-1.amazonaws.com/netlift'
    """
    given = {**declared(env), **parameters, "ImageUri": image_uri}
    return [
        *(str(SAM), "deploy", "--config-env", env),
        *(("--stack-name", stack, "--s3-prefix", stack) if stack else ()),
        *(() if confirm else ("--no-confirm-changeset",)),
        *("--image-repository", repository(image_uri)),
        *("--parameter-overrides", *(f"{name}={value}" for name, value in given.items())),
    ]


def delete_words(env: str, stack: str) -> list[str]:
    """Return the command that deletes a stack, and what was uploaded for it."""
    return [str(SAM), "delete", "--config-env", env, "--stack-name", stack, "--s3-prefix", stack, "--no-prompts"]


def repository(image_uri: str) -> str:
    """Return an image's address without its tag or digest.

    Examples
    --------
    >>> repository("123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/netlift:v1")
    '123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/netlift'
    """
    host, _, name = image_uri.partition("/")
    return f"{host}/{name.partition('@')[0].partition(':')[0]}"
