"""The local cloud: moto's server and the door to S3 Tables, in threads of this process."""

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any, Literal, Self
from uuid import uuid4

import boto3
from botocore.config import Config
from moto.core.base_backend import BackendDict
from moto.core.config import default_user_config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from infra.local.door import ROOT, create_door
from infra.local.emulator import Emulators, why_no_emulator
from infra.local.function_processes import FunctionProcesses
from infra.local.home import LocalHome
from infra.local.mends import lambda_processes, s3tables_lists, s3tables_maintenance, s3tables_regions
from infra.local.s3tables_catalog import S3TablesCatalog
from infra.local.serial import MOTO, Serial
from infra.local.server import HOST, Server
from infra.local.signature import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from jobs.errors import BadRequest

NAMESPACE = "netlift"
_LONGEST_INVOCATION_S = 960

Engine = Literal["emulator", "processes"]
"""What runs Lambda functions: AWS's own Runtime Interface Emulator, or plain processes of this environment."""

log = logging.getLogger(__name__)

_running: set[int] = set()


class LocalCloud:
    """Amazon S3, S3 Tables, Lambda and Step Functions on the loopback address, from `start` to `stop`.

    moto keeps its state once a process: two local clouds of one process share it, and it is forgotten when
    the last of them stops.

    Parameters
    ----------
    region : str
        AWS region, any in which S3 is served.
    port, catalog_port : int
        Ports of AWS and of the Iceberg REST catalog; 0 takes a free one.
    functions : "emulator" or "processes"
        What runs Lambda functions. "emulator" holds each to the libraries of its package; where it cannot be had,
        processes take its place and a warning says why.

    Raises
    ------
    BadRequest
        If there is no such region.
    BadEnvironment
        If a port is taken, or moto is not the version that the mends were written against.

    Examples
    --------
    >>> with LocalCloud() as cloud, cloud.applied():
    ...     boto3.client("s3").list_objects_v2(Bucket=cloud.bucket)["KeyCount"]
    0
    """

    def __init__(
        self, region: str = "eu-west-1", port: int = 0, catalog_port: int = 0, functions: Engine = "processes"
    ) -> None:
        self.region = region
        self._engine: Engine = functions
        self._ports = (port, catalog_port)
        self._servers: list[Server] = []
        self._catalog: S3TablesCatalog | None = None
        self._home: LocalHome | None = None
        self._functions: FunctionProcesses | None = None
        self._runs_state_machines = False
        self._clients: dict[str, Any] = {}
        self._clients_lock = threading.Lock()

    def start(self) -> None:
        """Begin to answer, and create a bucket, a table bucket and a namespace."""
        _check_region(self.region)
        # moto and what it stands on warn of their own affairs
        warnings.filterwarnings("ignore", module=r"(moto|responses|werkzeug)(\.|$)")
        s3tables_regions.apply()
        s3tables_lists.apply()
        s3tables_maintenance.apply()
        lambda_processes.apply()
        self._serve(self._aws(), self._ports[0], "local-aws")
        _running.add(id(self))
        try:
            where = self._where(self.endpoint_url)
            identity = {"s3.access-key-id": ACCESS_KEY_ID, "s3.secret-access-key": SECRET_ACCESS_KEY}
            self._catalog = S3TablesCatalog(self.client("s3tables"), self.client("s3"), {**where, **identity})
            self._serve(create_door(self._catalog, self.region, where), self._ports[1], "local-catalog")
            self._home = self.fresh_home()
            self._functions = self._function_processes()
            lambda_processes.SERVING.begin(self._functions)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop to answer; what was stored is forgotten when no other local cloud of this process is left."""
        if not self._servers:
            return
        if self._functions is not None:
            lambda_processes.SERVING.end(self._functions)
            self._functions.close()
            self._functions = None
        if self._runs_state_machines:
            from infra.local.mends import stepfunctions_clients  # noqa: PLC0415  the second of imports

            stepfunctions_clients.SERVING.end(self)
            self._runs_state_machines = False
        while self._servers:
            self._servers.pop().stop()
        self._home = None
        self._clients.clear()
        _running.discard(id(self))
        if not _running:
            with MOTO.held():
                BackendDict.reset()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def endpoint_url(self) -> str:
        """Address of AWS."""
        return self._servers[0].url

    @property
    def catalog_url(self) -> str:
        """Address of the Iceberg REST catalog of S3 Tables."""
        return self._servers[1].url + ROOT

    @property
    def home(self) -> LocalHome:
        """The bucket and table bucket that came with the cloud."""
        if self._home is None:
            raise RuntimeError("the local cloud is not running: use it in a with block")
        return self._home

    @property
    def bucket(self) -> str:
        """Name of the bucket that came with the cloud."""
        return self.home.bucket

    @property
    def table_bucket_arn(self) -> str:
        """ARN of the table bucket that came with the cloud."""
        return self.home.table_bucket_arn

    @property
    def namespace(self) -> str:
        """Namespace of the table bucket."""
        return self.home.namespace

    def environment(self) -> dict[str, str]:
        """Return the variables that lead a program to this cloud; see `LocalHome.environment`."""
        return self.home.environment()

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Lead this process to this cloud for a block."""
        with self.home.applied():
            yield

    def also_on(self, host: str, known_as: str = "") -> LocalHome:
        """Answer on another address of this machine too, for containers, which do not reach the loopback address.

        Parameters
        ----------
        host : str
            Address to listen on, such as that of the container engine's bridge.
        known_as : str
            Name under which a container finds it, `host` itself if not given.

        Returns
        -------
        LocalHome
            The cloud's own home as a container sees it.
        """
        assert self._catalog is not None  # made at the start
        self._serve(self._aws(), 0, "containers-aws", host)
        aws = f"http://{known_as or host}:{self._servers[-1].port}"
        self._serve(create_door(self._catalog, self.region, self._where(aws)), 0, "containers-catalog", host)
        catalog = f"http://{known_as or host}:{self._servers[-1].port}{ROOT}"
        return replace(self.home, endpoint_url=aws, catalog_url=catalog)

    def run_state_machines(self) -> None:
        """Execute state machines that are created from now on; not by default, it costs a second of imports."""
        if self._runs_state_machines:
            return
        from infra.local.mends import stepfunctions_clients  # noqa: PLC0415  the second of imports

        stepfunctions_clients.apply()
        stepfunctions_clients.SERVING.begin(self)
        default_user_config["stepfunctions"] = {"execute_state_machine": True}
        self._runs_state_machines = True

    @property
    def engine(self) -> Engine:
        """What runs Lambda functions, once the cloud is running."""
        return "emulator" if isinstance(self._functions, Emulators) else "processes"

    def function_log(self, name: str) -> str:
        """Return all that the Lambda function called `name` has printed."""
        return self._functions.log(name) if self._functions else ""

    def fresh_home(self) -> LocalHome:
        """Create another bucket and table bucket, empty and used by nobody else.

        Returns
        -------
        LocalHome
            Where they are; it has `environment` and `applied` of its own.
        """
        name = f"netlift-{uuid4().hex[:12]}"
        objects = self.client("s3")
        if self.region == "us-east-1":
            objects.create_bucket(Bucket=name)
        else:
            objects.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": self.region})
        tables = self.client("s3tables")
        arn = tables.create_table_bucket(name=name)["arn"]
        tables.create_namespace(tableBucketARN=arn, namespace=[NAMESPACE])
        return LocalHome(self.region, self.endpoint_url, self.catalog_url, name, arn, NAMESPACE)

    def client(self, service: str) -> Any:
        """Return a boto3 client of this cloud, whatever the environment says; one for a service, safe in threads.

        Parameters
        ----------
        service : str
            Name of the AWS service, as boto3 has it.
        """
        with self._clients_lock:
            if service not in self._clients:
                self._clients[service] = self._new_client(service)
            return self._clients[service]

    def _function_processes(self) -> FunctionProcesses:
        reason = why_no_emulator() if self._engine == "emulator" else ""
        if reason:
            log.warning("Lambda functions run in plain processes: %s", reason)
        if reason or self._engine == "processes":
            return FunctionProcesses(self.environment())
        return Emulators(self.environment())

    def _new_client(self, service: str) -> Any:
        session = boto3.session.Session(
            aws_access_key_id=ACCESS_KEY_ID, aws_secret_access_key=SECRET_ACCESS_KEY, region_name=self.region
        )
        config = Config(
            proxies={},  # a proxy of the environment has no way to the loopback address of this machine
            max_pool_connections=64,
            read_timeout=_LONGEST_INVOCATION_S,
            retries={"total_max_attempts": 1},  # a second attempt would invoke a slow function twice
        )
        return session.client(service, endpoint_url=self.endpoint_url, config=config)  # type: ignore[call-overload]

    def _aws(self) -> Serial:
        return Serial(DomainDispatcherApplication(create_backend_app), MOTO)

    def _where(self, endpoint_url: str) -> dict[str, str]:
        return {"s3.endpoint": endpoint_url, "s3.region": self.region}

    def _serve(self, app: Any, port: int, name: str, host: str = HOST) -> None:
        server = Server(app, port, name, host)
        server.start()
        self._servers.append(server)


def _check_region(region: str) -> None:
    known = boto3.session.Session().get_available_regions("s3")
    if region not in known:
        raise BadRequest(f"region == {region!r} is none in which S3 is served: use eu-west-1, or one of its like.")
