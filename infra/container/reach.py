"""Which address of this machine a container reaches, and which container engine answers here."""

import subprocess
import sys
from pathlib import Path

from jobs.errors import BadEnvironment

_ENGINE = Path(__file__).with_name("engine.sh")
_GATEWAY = {
    "docker": ("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"),
    "podman": ("network", "inspect", "podman", "--format", "{{(index .Subnets 0).Gateway}}"),
}
_ON_A_DESKTOP = {"docker": "host.docker.internal", "podman": "host.containers.internal"}


def engine() -> str:
    """Return "docker" or "podman", the first that answers; CONTAINER_ENGINE may name one.

    Raises
    ------
    BadEnvironment
        If none answers.
    """
    found = subprocess.run(["bash", str(_ENGINE)], capture_output=True, text=True, check=False)  # noqa: S603, S607  our own script
    if found.returncode != 0:
        raise BadEnvironment(found.stderr.strip().removeprefix("image: "))
    return found.stdout.strip()


def reach(name: str = "", system: str = sys.platform) -> tuple[str, str]:
    """Return the address to listen on, and the name under which a container finds it.

    On Linux both are the gateway of the engine's default network, which nothing outside this machine reaches. On a
    desktop containers run in a virtual machine, whose engine leads a name of its own to the loopback address.

    Parameters
    ----------
    name : str
        Container engine, the one that answers if not given.
    system : str
        Name of the operating system, as sys.platform has it.

    Raises
    ------
    BadEnvironment
        If no engine answers, or it has no default network.
    """
    name = name or engine()
    if system != "linux":
        return "127.0.0.1", _ON_A_DESKTOP[name]
    told = subprocess.run([name, *_GATEWAY[name]], capture_output=True, text=True, check=False)  # noqa: S603  one of two names
    gateway = told.stdout.strip()
    if told.returncode != 0 or not gateway:
        raise BadEnvironment(f"{name} has no default network ({told.stderr.strip()}): see '{name} network ls'.")
    return gateway, gateway
