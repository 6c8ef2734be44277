"""``python -m infra.container.login IMAGE_URI``: print the password of the registry that an image's address names."""

import base64
import re
import sys

import boto3

_ADDRESS = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/.+")


def password(image_uri: str) -> str:
    """Return the password of user AWS, good for twelve hours.

    Parameters
    ----------
    image_uri : str
        Address in Amazon ECR.

    Raises
    ------
    ValueError
        If the address is none of Amazon ECR.
    """
    address = _ADDRESS.fullmatch(image_uri)
    if address is None:
        raise ValueError(
            f"{image_uri!r} is no address in Amazon ECR: it looks like ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG"
        )
    ecr = boto3.client("ecr", region_name=address["region"])
    [granted] = ecr.get_authorization_token(registryIds=[address["account"]])["authorizationData"]
    return base64.b64decode(granted["authorizationToken"]).decode().partition(":")[2]


if __name__ == "__main__":
    sys.stdout.write(password(sys.argv[1]))
