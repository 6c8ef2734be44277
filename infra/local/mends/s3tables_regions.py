"""moto serves S3 Tables in three regions of the United States; this adds the regions in which it serves S3.

moto takes the regions of a service from botocore's endpoint list, which has no entry for s3tables, and adds
us-east-1, us-east-2 and us-west-2 by hand: any other region raises KeyError.
"""

from functools import cache

import boto3
from moto.s3tables.models import s3tables_backends

from infra.local.mends.pinned import expect_moto


@cache
def apply() -> None:
    """Serve S3 Tables wherever S3 is served.

    Raises
    ------
    BadEnvironment
        If moto is not the pinned one, or serves eu-west-1 by itself.
    """
    regions = s3tables_backends._additional_regions or []
    known = boto3.session.Session().get_available_regions("s3tables")
    expect_moto(__name__, "eu-west-1" not in regions and "eu-west-1" not in known)
    for region in boto3.session.Session().get_available_regions("s3"):
        if region not in regions:
            regions.append(region)
    s3tables_backends._additional_regions = regions
    # accounts that were looked at before the mend keep their own list of regions
    for account in s3tables_backends.values():
        account.regions.extend(r for r in regions if r not in account.regions)
