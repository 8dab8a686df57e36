"""A server that speaks S3: moto's, in a process of its own."""

import contextlib
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from tests import machine

KEYS = {
    "AWS_ACCESS_KEY_ID": "a-key",
    "AWS_SECRET_ACCESS_KEY": "a-secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
_NUMBERS = itertools.count()


@dataclass(frozen=True)
class Bucket:
    """An empty bucket of such a server."""

    name: str
    endpoint: str

    def client(self) -> Any:
        """What speaks with the server, behind the back of what is tested."""
        import boto3

        return boto3.session.Session().client("s3", endpoint_url=self.endpoint)

    def remove(self) -> None:
        """With all in it."""
        client = self.client()
        for found in client.list_objects_v2(Bucket=self.name).get("Contents", ()):
            client.delete_object(Bucket=self.name, Key=found["Key"])
        client.delete_bucket(Bucket=self.name)


@contextlib.contextmanager
def s3_server() -> Iterator[str]:
    """Its address; it is there when that is given."""
    port = machine.free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(
        command, env=os.environ | KEYS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            for _ in range(600):
                with contextlib.suppress(httpx.TransportError):
                    httpx.get(f"http://127.0.0.1:{port}/moto-api/")
                    break
                assert server.poll() is None
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()


def new_bucket(endpoint: str) -> Bucket:
    """With the keys in the environment."""
    bucket = Bucket(f"genregenie-{next(_NUMBERS)}", endpoint)
    bucket.client().create_bucket(Bucket=bucket.name)
    return bucket
