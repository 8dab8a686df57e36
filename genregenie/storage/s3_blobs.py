"""Blobs in S3, or in what speaks its language: MinIO, Ceph, Cloudflare R2."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from genregenie.storage.blobs import Blob, BlobError, check_key, check_prefix

if TYPE_CHECKING:
    from datetime import datetime

CONNECT_S: Final = 5
READ_S: Final = 20
TRIES: Final = 3
"""How often a request is made that fails for a reason that may pass."""


class S3Blobs:
    """The `Blobs` of a bucket, or of a part of one.

    Parameters
    ----------
    bucket : str
    prefix : str
        What stands before each key, with a slash between them; may be empty.
    endpoint : str, optional
        Address of the server, by default where boto3 looks for it. That is also where keys and
        the region come from: the environment (``AWS_ACCESS_KEY_ID``...), files, the machine's role.

    Raises
    ------
    BlobError
        If boto3 is not installed, or the bucket cannot be used.
    """

    def __init__(self, bucket: str, prefix: str = "", endpoint: str | None = None) -> None:
        self._bucket = bucket
        self._before = f"{prefix}/" if prefix else ""
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError, ClientError
            from urllib3.exceptions import HTTPError
        except ImportError:
            raise BlobError(
                "Keeping files in S3 needs boto3: pip install 'genregenie[s3]'."
            ) from None
        # The third is what a connection that breaks off in the middle of an answer may raise.
        self._refusal, self._failed = ClientError, (BotoCoreError, ClientError, HTTPError)
        with self._failures():
            self._client = boto3.session.Session().client(
                "s3",
                endpoint_url=endpoint,
                config=Config(
                    connect_timeout=CONNECT_S,
                    read_timeout=READ_S,
                    retries={"total_max_attempts": TRIES, "mode": "standard"},
                    # Servers other than Amazon's do not know all of its checksums.
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                ),
            )
            self._client.list_objects_v2(Bucket=bucket, Prefix=self._before, MaxKeys=1)

    def put(self, key: str, content: bytes | BinaryIO) -> None:
        """Keep it, in one request: it is there whole or not at all."""
        with self._failures():
            self._client.put_object(**self._object(key), Body=content)

    def get(self, key: str) -> bytes | None:
        """What is kept under the key."""
        with self._failures():
            try:
                content: bytes = self._client.get_object(**self._object(key))["Body"].read()
            except self._refusal as error:
                if _code(error) == "NoSuchKey":
                    return None
                raise
            return content

    def delete(self, key: str) -> None:
        """Keep it no longer. A bucket that keeps versions goes on keeping them."""
        with self._failures():
            self._client.delete_object(**self._object(key))

    def each(self, prefix: str = "") -> Iterator[Blob]:
        """All of a prefix, a thousand at a time."""
        begin = self._before + check_prefix(prefix)
        pages = self._client.get_paginator("list_objects_v2")
        with self._failures():
            for page in pages.paginate(Bucket=self._bucket, Prefix=begin):
                for found in page.get("Contents", ()):
                    key: str = found["Key"].removeprefix(self._before)
                    made_at: datetime = found["LastModified"]
                    with contextlib.suppress(ValueError):  # what others put there
                        yield Blob(check_key(key), found["Size"], made_at)

    def _object(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._before + check_key(key)}

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except self._failed as error:
            code = _code(error)
            raise BlobError(
                f"The bucket {self._bucket} cannot be used: {_words(error, code)}.", code
            ) from error


def _code(error: Exception) -> str:
    """What S3 calls it, else the name of the error."""
    answer: dict[str, Any] = getattr(error, "response", None) or {}
    return str(answer.get("Error", {}).get("Code") or type(error).__name__)


# In the words of whoever has to mend it; what is not here is told as S3 tells it.
_WORDS: Final = {
    "NoSuchBucket": "there is no such bucket",
    "AccessDenied": "the keys do not open it",
    "InvalidAccessKeyId": "the keys are not known there",
    "SignatureDoesNotMatch": "the secret key is wrong",
    "NoCredentialsError": "there are no keys, such as AWS_ACCESS_KEY_ID",
    "EndpointConnectionError": "its server does not answer",
    "ConnectTimeoutError": "its server does not answer",
    "ReadTimeoutError": "its server takes too long",
}


def _words(error: Exception, code: str) -> str:
    return _WORDS.get(code) or " ".join(str(error).split()).rstrip(".")
