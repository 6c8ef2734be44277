"""What a second of Lambda and of AWS Batch on Fargate costs: an estimate, never a bill."""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from jobs.errors import BadEnvironment

SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class Prices:
    """Prices in US dollars, as AWS lists them: on demand, x86, without free tier, Spot, requests, logs and storage.

    Source: AWS public price list, us-east-1, as remembered in November 2026. Other regions and contracts differ:
    ``NETLIFT_PRICES`` overrides any of them, as in ``{"lambda_gb_second_usd": 0.0000133334}``.

    Parameters
    ----------
    lambda_gb_second_usd : float
        Lambda, a GB second.
    fargate_vcpu_hour_usd, fargate_gb_hour_usd : float
        Fargate, a vCPU hour and a GB hour.
    """

    lambda_gb_second_usd: float = 0.0000166667
    fargate_vcpu_hour_usd: float = 0.04048
    fargate_gb_hour_usd: float = 0.004445

    def usd(self, spent: Mapping[str, Mapping[str, Any]]) -> float | None:
        """Return what a run cost, in US dollars; None where a part of it is not known, or nothing was billed.

        Parameters
        ----------
        spent : mapping
            As :func:`jobs.runtime.effort.spent` adds it up.

        Examples
        --------
        >>> Prices().usd({"lambda": {"gb_seconds": 60_000.0}})
        1.000002
        """
        total = 0.0
        for service, of in spent.items():
            gb, vcpus = of["gb_seconds"], of.get("vcpu_seconds")
            if service == "lambda" and gb is not None:
                total += gb * self.lambda_gb_second_usd
            elif service == "batch" and gb is not None and vcpus is not None:
                total += (gb * self.fargate_gb_hour_usd + vcpus * self.fargate_vcpu_hour_usd) / SECONDS_PER_HOUR
            else:
                return None
        return round(total, 6) if spent else None


def prices(environment: Mapping[str, str] = os.environ) -> Prices:
    """Return the prices, with those of ``NETLIFT_PRICES`` over them.

    Raises
    ------
    BadEnvironment
        If the variable is no JSON object of known names and numbers of at least 0.
    """
    text = environment.get("NETLIFT_PRICES", "")
    if not text:
        return Prices()
    known = [f.name for f in fields(Prices)]
    try:
        own = json.loads(text)
    except ValueError:
        own = None
    if not isinstance(own, dict) or not set(own) <= set(known) or not all(_is_price(v) for v in own.values()):
        raise BadEnvironment(
            f"NETLIFT_PRICES is {text!r}: set it to a JSON object with prices of at least 0 for any of "
            f"{', '.join(known)}, or leave it out."
        )
    return replace(Prices(), **own)


def _is_price(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
